#include "cli/egress_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "http/authority.h"
#include "rules/compiled_policy.h"
#include "secrets/template_text.h"

namespace sallyport::cli {
namespace {

using nlohmann::json;  // equal in whatever order its keys are
using nlohmann::ordered_json;

constexpr std::string_view kInvalid = "egress_invalid";
constexpr std::size_t kHostHandlersMax = 1000;

tl::unexpected<Refusal> invalid(std::string message) { return refuse(422, std::string(kInvalid), std::move(message)); }

Planned<ordered_json> parse_object(std::string_view text) {
    auto json = ordered_json::parse(text, nullptr, false);
    if (json.is_discarded()) return refuse(400, "bad_json", "the body is not valid JSON");
    if (!json.is_object()) return invalid("the body must be a JSON object");
    return json;
}

Planned<void> expect_keys(const ordered_json& object, std::initializer_list<std::string_view> keys,
                          const std::string& what) {
    for (const auto& [key, value] : object.items()) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            return invalid("unknown key " + ordered_json(key).dump(-1, ' ', true, ordered_json::error_handler_t::replace) +
                           " in " + what);
        }
    }
    return {};
}

Planned<secrets::Params> read_params(const ordered_json& value, const std::string& what) {
    if (!value.is_object()) return invalid("\"" + what + "\" must be an object of strings");
    secrets::Params params;
    for (const auto& [name, text] : value.items()) {
        if (!text.is_string()) return invalid("\"" + what + "\" must be an object of strings");
        if (!secrets::is_name(name)) return invalid("a key of \"" + what + "\" is not a name");
        params.emplace(name, text.get<std::string>());
    }
    return params;
}

Planned<rules::HandlerRef> read_handler(const ordered_json& value) {
    if (!value.is_object()) return invalid("a handler must be an object with \"handler\" and perhaps \"params\"");
    if (auto known = expect_keys(value, {"handler", "params"}, "a handler"); !known) {
        return tl::unexpected(known.error());
    }
    const auto name = value.find("handler");
    if (name == value.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) {
        return invalid("\"handler\" must be the name of a handler");
    }
    rules::HandlerRef handler{rules::HandlerKind::named, name->get<std::string>(), {}};
    if (const auto params = value.find("params"); params != value.end()) {
        if (!params->is_object()) return invalid("\"params\" of a handler must be an object");
        handler.params_json = params->dump(-1, ' ', true);
    }
    return handler;
}

// Leaves the keys in canonical form: a host is found again however it was written.
Planned<void> read_hosts(ordered_json& value, rules::RuntimeRules& runtime) {
    if (!value.is_object() || value.size() > kHostHandlersMax) {
        return invalid("\"hosts\" must be an object of at most 1000 handlers by host");
    }
    ordered_json canonical = ordered_json::object();
    for (const auto& [host, handler] : value.items()) {
        auto name = http::canonical_host(host);
        if (!name) return invalid("a key of \"hosts\" is not a host name");
        if (canonical.contains(*name)) return invalid("two keys of \"hosts\" are the same host");
        auto read = read_handler(handler);
        if (!read) return tl::unexpected(read.error());
        canonical[*name] = handler;
        runtime.host_handlers.insert_or_assign(std::move(*name), std::move(*read));
    }
    value = std::move(canonical);
    return {};
}

std::vector<json> take_rules(ordered_json& document) {
    std::vector<json> rules;
    if (const auto found = document.find("rules"); found != document.end()) {
        rules.assign(found->begin(), found->end());
        document.erase("rules");
    }
    return rules;
}

}  // namespace

tl::unexpected<Refusal> refuse(int status, std::string code, std::string message,
                               std::vector<rules::Diagnostic> diagnostics) {
    return tl::unexpected(Refusal{status, std::move(code), std::move(message), std::move(diagnostics)});
}

Planned<EgressDocument> parse_egress_document(std::string_view text, const rules::PolicyFile& file) {
    auto json = parse_object(text);
    if (!json) return tl::unexpected(json.error());
    auto known = expect_keys(*json, {"policy", "params", "labels", "rules", "hosts", "handler"}, "the body");
    if (!known) return tl::unexpected(known.error());
    EgressDocument document;
    rules::RuntimeRules runtime;
    if (const auto policy = json->find("policy"); policy != json->end()) {
        if (!policy->is_string()) return invalid("\"policy\" must be the name of a policy");
        document.policy = policy->get<std::string>();
    }
    for (const auto& [key, params] : {std::pair{"params", &document.params}, {"labels", &document.labels}}) {
        const auto value = json->find(key);
        if (value == json->end()) continue;
        auto read = read_params(*value, key);
        if (!read) return tl::unexpected(read.error());
        *params = std::move(*read);
    }
    if (const auto rules = json->find("rules"); rules != json->end() && !(rules->is_array() && rules->empty())) {
        auto parsed = rules::parse_runtime_rules(rules->dump(-1, ' ', true), "rules", file);
        if (!parsed.rules) return refuse(422, std::string(kInvalid), "the rules are not valid", parsed.diagnostics);
        runtime.own = std::move(parsed.rules);
    }
    if (const auto hosts = json->find("hosts"); hosts != json->end()) {
        if (auto read = read_hosts(*hosts, runtime); !read) return tl::unexpected(read.error());
    }
    if (const auto handler = json->find("handler"); handler != json->end()) {
        auto read = read_handler(*handler);
        if (!read) return tl::unexpected(read.error());
        runtime.catch_all = std::move(*read);
    }
    document.json = json->dump(-1, ' ', true);
    const bool is_empty = !runtime.own && runtime.host_handlers.empty() && !runtime.catch_all;
    if (!is_empty) document.runtime = std::make_shared<const rules::RuntimeRules>(std::move(runtime));
    return document;
}

Planned<rules::HandlerRef> parse_handler_body(std::string_view text) {
    const auto json = parse_object(text);
    if (!json) return tl::unexpected(json.error());
    return read_handler(*json);
}

Planned<std::string> with_handler(std::string_view document, std::string_view host,
                                  const std::optional<std::string>& body) {
    auto json = ordered_json::parse(document.empty() ? std::string_view("{}") : document, nullptr, false);
    if (!json.is_object()) return refuse(500, "internal", "the stored document is not valid");
    if (body) {
        if (auto handler = parse_handler_body(*body); !handler) return tl::unexpected(handler.error());
    }
    ordered_json& place = host.empty() ? json : json["hosts"];
    if (place.is_null()) place = ordered_json::object();
    const std::string key = host.empty() ? "handler" : std::string(host);
    if (body) {
        place[key] = ordered_json::parse(*body);
    } else {
        place.erase(key);
    }
    if (!host.empty() && place.empty()) json.erase("hosts");
    return json.dump(-1, ' ', true);
}

bool only_narrows(const EgressDocument* present, const EgressDocument& document) {
    if (present != nullptr && present->is_broken) return false;
    auto before = ordered_json::parse(present != nullptr ? present->json : "{}");
    auto after = ordered_json::parse(document.json);
    const auto kept = take_rules(before);
    const auto rules = take_rules(after);
    // Anything else may widen: another policy, params that lead to other secrets, a handler that fetches from its host.
    if (json(before) != json(after)) return false;
    // In the same places: what a rule has used up of its limit is counted under its place.
    if (rules.size() < kept.size() || !std::equal(kept.begin(), kept.end(), rules.begin())) return false;
    for (std::size_t i = kept.size(); i < rules.size(); ++i) {
        // As written: one that uses a pack stands for others.
        if (!rules[i].is_object() || rules[i].value("deny", json()) != json(true)) return false;
    }
    return true;
}

}  // namespace sallyport::cli
