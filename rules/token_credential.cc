#include "rules/token_credential.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "rules/azure_reader.h"
#include "rules/field_credential.h"
#include "rules/gcp_reader.h"
#include "rules/github_app_reader.h"
#include "rules/oauth2_reader.h"
#include "rules/secret_reading.h"
#include "rules/source_json.h"

namespace sallyport::rules {
namespace {

struct TokenKind {
    std::string_view type;
    StoreReader read;
    std::string_view username;  // with `form: basic`; empty: the file has to say it
};

constexpr TokenKind kKinds[] = {
    {"oauth2", read_oauth2, ""},
    {"github_app", read_github_app, "x-access-token"},
    {"gcp_service_account", read_gcp_service_account, ""},
    {"azure_client", read_azure_client, ""},
};

constexpr std::array<std::string_view, 2> kFormKeys{"form", "username"};
constexpr std::array<std::string_view, 2> kForms{"bearer", "basic"};

// What the store's reader is to see of the entry.
Node without_own_keys(const Node& node) {
    Node rest = node;
    std::erase_if(rest.entries, [](const Entry& entry) {
        return CredentialReading::is_common_key(entry.key) ||
               std::find(kFormKeys.begin(), kFormKeys.end(), entry.key) != kFormKeys.end();
    });
    return rest;
}

// "bearer" where there is no `form`. Nothing, with a report, where it is neither.
std::optional<std::string_view> read_form(const CredentialReading& reading) {
    const Node* node = find(reading.node, "form");
    if (node == nullptr) return kForms[0];
    const auto text = read_text(*node, "form", reading.reporter);
    if (!text) return std::nullopt;
    const auto found = std::find(kForms.begin(), kForms.end(), *text);
    if (found != kForms.end()) return *found;
    reading.reporter.error(node->place, "\"form\" is bearer or basic" + reading.reporter.suggest(*text, kForms));
    return std::nullopt;
}

std::optional<std::string> read_username(const CredentialReading& reading, const TokenKind& kind, std::string_view form) {
    const Node* node = find(reading.node, "username");
    if (form == "bearer") {
        if (node == nullptr) return "";
        reading.reporter.error(node->place, "\"username\" goes with form: basic");
        return std::nullopt;
    }
    if (node == nullptr && !kind.username.empty()) return std::string(kind.username);
    if (node == nullptr) node = reading.require("username");
    const auto text = node == nullptr ? std::nullopt : read_text(*node, "username", reading.reporter);
    if (!text) return std::nullopt;
    if (text->find(':') == text->npos && text->find("${") == text->npos) return std::string(*text);
    reading.reporter.error(node->place, "\"username\" is a text without ':' and references");
    return std::nullopt;
}

}  // namespace

std::shared_ptr<const CredentialKind> read_token_credential(CredentialReading& reading) {
    const std::string_view type = find(reading.node, "type")->text;
    const TokenKind& kind = *std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& each) { return each.type == type; });
    const Node rest = without_own_keys(reading.node);
    SecretReading settings{kind.type, rest, reading.secret_names, reading.reporter};
    auto provider = kind.read(settings);
    const auto form = read_form(reading);
    const auto username = form ? read_username(reading, kind, *form) : std::nullopt;
    if (!provider || !username) return nullptr;
    secrets::SecretSource source;
    source.name = reading.derived_name();
    source.kind = secrets::SourceKind::provider;
    source.provider = std::move(provider);
    // Not how it is sent: the token is the same.
    source.definition = std::string(kind.type) + to_json(rest);
    reading.derived_sources.push_back(source);
    return *form == "basic" ? make_basic_kind(kind.type, *username, source.name) : make_bearer_kind(kind.type, source.name);
}

}  // namespace sallyport::rules
