#include "rules/vault_reader.h"

#include "rules/provider_fields.h"
#include "secrets/vault.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kKeys[] = {"path", "field", "address", "namespace", "auth"};
constexpr std::string_view kMethods[] = {"token", "approle", "kubernetes"};
constexpr std::string_view kAppRoleKeys[] = {"role_id", "secret_id", "mount"};
constexpr std::string_view kKubernetesKeys[] = {"role", "token", "mount"};

// "approle", "auth-of/team-a": where the method is mounted, which becomes part of a path.
void read_mount(ProviderFields& fields, std::string& out) {
    secrets::TemplateText mount;
    fields.path("mount", mount, ProviderFields::Slashes::allowed, Presence::optional);
    fields.text("mount", out, Presence::optional);
}

bool read_approle(SecretReading reading, secrets::VaultLogin& login) {
    ProviderFields fields(reading, kAppRoleKeys);
    login.method = secrets::VaultMethod::approle;
    login.mount = "approle";
    fields.any("role_id", login.role, Presence::required);
    fields.secret("secret_id", login.secret_id, Presence::required);
    read_mount(fields, login.mount);
    return fields.ok();
}

bool read_kubernetes(SecretReading reading, secrets::VaultLogin& login) {
    ProviderFields fields(reading, kKubernetesKeys);
    login.method = secrets::VaultMethod::kubernetes;
    login.mount = "kubernetes";
    fields.any("role", login.role, Presence::required);
    fields.secret("token", login.token, Presence::required);
    read_mount(fields, login.mount);
    return fields.ok();
}

bool read_login(SecretReading reading, secrets::VaultLogin& login) {
    ProviderFields fields(reading, kMethods);
    if (!fields.ok()) return false;
    if (reading.node.entries.size() != 1) {
        fields.fault(reading.node, "\"auth\" is one of token, approle and kubernetes");
        return false;
    }
    const Entry& method = reading.node.entries.front();
    if (method.key == "approle") return read_approle({method.key, method.value, reading.secret_names, reading.reporter}, login);
    if (method.key == "kubernetes") return read_kubernetes({method.key, method.value, reading.secret_names, reading.reporter}, login);
    fields.secret("token", login.token, Presence::required);
    return fields.ok();
}

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_vault(SecretReading& reading) {
    ProviderFields fields(reading, joined({kKeys, kEndpointKeys}));
    secrets::VaultConfig config;
    fields.path("path", config.path, ProviderFields::Slashes::allowed, Presence::required);
    fields.text("field", config.field, Presence::required);
    fields.endpoint("address", config.server.endpoint, Presence::optional);
    fields.text("namespace", config.server.vault_namespace, Presence::optional);
    const Node* auth = reading.find("auth");
    const bool can_log_in = auth == nullptr || read_login({"auth", *auth, reading.secret_names, reading.reporter}, config.login);
    if (!fields.ok() || !can_log_in) return nullptr;
    return std::make_shared<const secrets::VaultProvider>(std::move(config));
}

}  // namespace sallyport::rules
