#include "rules/github_app_reader.h"

#include <algorithm>

#include "rules/provider_fields.h"
#include "secrets/github_app.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kKeys[] = {"app_id", "installation_id", "private_key", "repositories", "permissions", "api_url"};
constexpr std::string_view kLevels[] = {"read", "write", "admin"};

bool is_permission(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

void read_repositories(SecretReading& reading, ProviderFields& fields, std::vector<secrets::TemplateText>& out) {
    const Node* list = reading.find("repositories");
    if (list == nullptr) return;
    const auto items = read_list(*list, "repositories", ListForm::one_or_list, reading.reporter);
    if (items.empty()) return fields.fail();
    for (const Node* item : items) {
        if (item->text.find('/') != item->text.npos) {
            fields.fault(*item, "a repository stands here by its name, without its owner: it is the installation's");
        }
        fields.any_at(*item, "repositories", out.emplace_back());
    }
}

void read_permissions(SecretReading& reading, ProviderFields& fields, std::vector<std::pair<std::string, std::string>>& out) {
    const Node* map = reading.find("permissions");
    if (map == nullptr) return;
    if (map->kind != NodeKind::map || map->entries.empty()) {
        return fields.fault(*map, "\"permissions\" is a mapping like { contents: read }");
    }
    for (const Entry& entry : map->entries) {
        if (!is_permission(entry.key)) fields.fault(entry.value, quote(entry.key) + " is not the name of a permission");
        if (std::find(std::begin(kLevels), std::end(kLevels), entry.value.text) == std::end(kLevels)) {
            fields.fault(entry.value, "a permission is read, write or admin" + reading.reporter.suggest(entry.value.text, kLevels));
        }
        out.emplace_back(entry.key, entry.value.text);
    }
}

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_github_app(SecretReading& reading) {
    ProviderFields fields(reading, joined({kKeys, kEndpointKeys}));
    secrets::GithubAppConfig config;
    config.api.url = "https://api.github.com";
    fields.any("app_id", config.app_id, Presence::required);
    fields.path("installation_id", config.installation, ProviderFields::Slashes::refused, Presence::required);
    fields.secret("private_key", config.private_key, Presence::required);
    read_repositories(reading, fields, config.repositories);
    read_permissions(reading, fields, config.permissions);
    fields.endpoint("api_url", config.api, Presence::optional);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::GithubAppProvider>(std::move(config));
}

}  // namespace sallyport::rules
