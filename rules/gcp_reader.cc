#include "rules/gcp_reader.h"

#include "rules/provider_fields.h"
#include "secrets/gcp_secret_manager.h"
#include "secrets/gcp_service_account.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kManagerKeys[] = {"project", "secret", "version", "field", "token", "endpoint"};
constexpr std::string_view kAccountKeys[] = {"key", "scopes", "audience", "subject", "token_url"};

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_gcp(SecretReading& reading) {
    using enum ProviderFields::Slashes;
    ProviderFields fields(reading, joined({kManagerKeys, kEndpointKeys}));
    secrets::GcpSecretManagerConfig config;
    config.version = {{secrets::PartKind::literal, "latest"}};
    fields.path("project", config.project, refused, Presence::required);
    fields.path("secret", config.secret, refused, Presence::required);
    fields.path("version", config.version, refused, Presence::optional);
    fields.text("field", config.field, Presence::optional);
    fields.secret("token", config.token, Presence::required);
    fields.endpoint("endpoint", config.endpoint, Presence::optional);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::GcpSecretManagerProvider>(std::move(config));
}

std::shared_ptr<const secrets::SecretProvider> read_gcp_service_account(SecretReading& reading) {
    ProviderFields fields(reading, joined({kAccountKeys, kEndpointKeys}));
    secrets::GcpServiceAccountConfig config;
    fields.secret("key", config.key, Presence::required);
    fields.one_of("scopes", "audience");
    fields.words("scopes", config.scope, Presence::optional);
    fields.any("audience", config.audience, Presence::optional);
    fields.any("subject", config.subject, Presence::optional);
    fields.endpoint("token_url", config.token_endpoint, Presence::optional);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::GcpServiceAccountProvider>(std::move(config));
}

}  // namespace sallyport::rules
