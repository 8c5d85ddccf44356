#include "rules/credential_reader.h"

#include <algorithm>
#include <iterator>

#include "rules/aws_sigv4_credential.h"
#include "rules/client_certificate.h"
#include "rules/field_credential.h"
#include "rules/fields.h"
#include "rules/hmac_credential.h"
#include "rules/path_credential.h"
#include "rules/placeholder_credential.h"
#include "rules/query_credential.h"
#include "rules/registry_credential.h"
#include "rules/source_json.h"
#include "rules/token.h"
#include "rules/token_credential.h"

namespace sallyport::rules {
namespace {

struct Kind {
    std::string_view type;
    KindReader read;
};

constexpr Kind kKinds[] = {
    {"header", read_header_credential}, {"bearer", read_bearer_credential}, {"basic", read_basic_credential},
    {"cookie", read_cookie_credential}, {"query", read_query_credential},   {"path", read_path_credential},
    {"aws_sigv4", read_aws_sigv4_credential}, {"hmac", read_hmac_credential},
    {"client_certificate", read_client_certificate},
    {"oauth2", read_token_credential}, {"github_app", read_token_credential}, {"gcp_service_account", read_token_credential},
    {"azure_client", read_token_credential},
    {"placeholder", read_placeholder_credential},
    {"registry", read_registry_credential},
};

const Kind* find_kind(std::string_view type) {
    const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& kind) { return kind.type == type; });
    return found == std::end(kKinds) ? nullptr : found;
}

void refuse_type(const Node& node, std::string_view type, Reporter& reporter) {
    std::vector<std::string_view> types;
    for (const Kind& kind : kKinds) types.push_back(kind.type);
    reporter.error(node.place, "unknown credential type " + quote(type) + reporter.suggest(type, types));
}

// Which keys there may be is known with the type only.
bool reports_misspelt_type(const Node& node, Reporter& reporter) {
    constexpr std::string_view kType[] = {"type"};
    if (find(node, "type") != nullptr) return false;
    for (const Entry& entry : node.entries) {
        const std::string suggestion = reporter.suggest(entry.key, kType);
        if (suggestion.empty()) continue;
        reporter.error(entry.place, "unknown key " + quote(entry.key) + suggestion);
        return true;
    }
    return false;
}

std::shared_ptr<const CredentialKind> read_kind(const Kind& kind, CredentialReading& reading) {
    auto made = kind.read(reading);
    const Node* certificate = find(reading.node, "client_certificate");
    return certificate == nullptr ? made : add_client_certificate(std::move(made), *certificate, reading);
}

// "X-Own", "header:X-Own" or "query:own".
void add_place(const Node& item, std::string_view text, AuthPlaces& places, Reporter& reporter) {
    constexpr std::string_view kHeader = "header:", kQuery = "query:";
    const bool is_query = text.starts_with(kQuery);
    if (is_query) text.remove_prefix(kQuery.size());
    if (text.starts_with(kHeader)) text.remove_prefix(kHeader.size());
    if (!is_token(text)) {
        return reporter.error(item.place, quote(text) + " is not the name of a header or, after \"query:\", of a query key");
    }
    (is_query ? places.query_keys : places.fields).emplace_back(text);
}

void read_places(const Node& node, std::string_view key, AuthPlaces& places, Reporter& reporter) {
    const Node* list = find(node, key);
    if (list == nullptr) return;
    each_text(*list, key, ListForm::one_or_list, reporter,
              [&](const Node& item, std::string_view text) { add_place(item, text, places, reporter); });
}

}  // namespace

std::optional<CredentialSpec> read_credential(const std::string& name, const Node& node,
                                              const SecretNames& secret_names, Reporter& reporter,
                                              std::vector<secrets::SecretSource>& derived_sources) {
    if (!expect_map(node, "the credential", reporter)) return std::nullopt;
    CredentialReading reading{name, node, secret_names, reporter, derived_sources};
    if (reports_misspelt_type(node, reporter)) return std::nullopt;
    const Node* type = reading.require("type");
    const auto text = type == nullptr ? std::nullopt : read_text(*type, "type", reporter);
    if (!text) return std::nullopt;
    const Kind* kind = find_kind(*text);
    if (kind == nullptr) {
        refuse_type(*type, *text, reporter);
        return std::nullopt;
    }
    const std::size_t sources_before = derived_sources.size();
    CredentialSpec spec{name, read_kind(*kind, reading), {}, to_json(node)};
    // A token that was fetched stays good while the entry stays the same.
    for (std::size_t i = sources_before; i < derived_sources.size(); ++i) {
        if (derived_sources[i].definition.empty()) derived_sources[i].definition = "credential:" + spec.source_json;
    }
    read_places(node, "keep", spec.family.keep, reporter);
    read_places(node, "strip", spec.family.strip, reporter);
    if (spec.kind == nullptr) return std::nullopt;
    return spec;
}

}  // namespace sallyport::rules
