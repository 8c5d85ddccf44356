#include "cli/admin_json.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/gate.h"
#include "rules/compiled_policy.h"
#include "secrets/provider.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const secrets::Params& params) {
    ordered_json json = ordered_json::object();
    for (const auto& [name, value] : params) json[name] = value;
    return json;
}

std::vector<std::string> users_of(const rules::PolicyFile& file, const std::string& secret) {
    std::vector<std::string> users;
    const auto refers = [&](const secrets::TemplateText& text) {
        return std::any_of(text.begin(), text.end(), [&](const secrets::TemplatePart& part) {
            return part.kind == secrets::PartKind::secret && part.text == secret;
        });
    };
    for (const auto& [name, credential] : file.credentials) {
        bool is_user = false;
        credential.kind->visit_templates([&](const secrets::TemplateText& text) { is_user = is_user || refers(text); });
        if (is_user) users.push_back("credential " + name);
    }
    for (const auto& [name, policy] : file.policies) {
        for (const auto& [variable, used] : policy->handler_env) {
            if (used == secret) users.push_back("policy " + name + " env " + variable);
        }
    }
    return users;
}

// What one sandbox's snapshot was made with.
struct SecretsInUse {
    SecretCache::Values values;  // null where it has none
    std::optional<std::chrono::system_clock::time_point> read_at;
};

std::vector<SecretsInUse> secrets_in_use(const Deployment& deployment) {
    std::vector<SecretsInUse> all;
    for (const std::string& name : deployment.sandbox_names()) {
        const secrets::Identity& identity = deployment.policy_of(name)->identity;
        all.push_back({deployment.secrets_of(name), deployment.secrets().read_at(deployment.file().secrets, identity)});
    }
    return all;
}

// For how many sandboxes there is a value, and how old the oldest is.
void add_state(ordered_json& json, const std::vector<SecretsInUse>& sandboxes, const std::string& secret) {
    const auto now = std::chrono::system_clock::now();
    std::size_t available = 0;
    std::optional<std::chrono::system_clock::time_point> oldest;
    for (const SecretsInUse& each : sandboxes) {
        if (!each.values || !each.values->get(secret)) continue;
        ++available;
        if (each.read_at && (!oldest || *each.read_at < *oldest)) oldest = each.read_at;
    }
    json["sandboxes"] = sandboxes.size();
    json["available"] = available;
    json["age_seconds"] = oldest ? ordered_json(std::chrono::duration_cast<std::chrono::seconds>(now - *oldest).count())
                                 : ordered_json(nullptr);
}

Planned<std::string> text_of(const ordered_json& json, const char* key, const char* otherwise) {
    const auto found = json.find(key);
    if (found == json.end() && otherwise != nullptr) return std::string(otherwise);
    if (found == json.end() || !found->is_string()) {
        return refuse(422, "explain_invalid", "\"" + std::string(key) + "\" must be a string");
    }
    return found->get<std::string>();
}

Planned<void> add_headers(const ordered_json& headers, rules::Question& question) {
    const auto wrong = [] { return refuse(422, "explain_invalid", "\"headers\" must map names to values or lists of values"); };
    if (!headers.is_object()) return wrong();
    for (const auto& [name, value] : headers.items()) {
        const ordered_json values = value.is_array() ? value : ordered_json::array({value});
        for (const auto& each : values) {
            if (!each.is_string()) return wrong();
            question.headers.emplace_back(name, each.get<std::string>());
        }
    }
    return {};
}

}  // namespace

std::string dump(const ordered_json& json) { return json.dump(-1, ' ', true, ordered_json::error_handler_t::replace); }

std::string diagnostics_json(const std::vector<rules::Diagnostic>& diagnostics) {
    if (diagnostics.empty()) return {};
    ordered_json list = ordered_json::array();
    for (const rules::Diagnostic& each : diagnostics) {
        list.push_back({{"severity", each.severity == rules::Severity::error ? "error" : "warning"},
                        {"file", each.file},
                        {"line", each.line},
                        {"column", each.column},
                        {"message", each.message}});
    }
    return dump({{"diagnostics", list}});
}

std::string describe_egress(const rules::SandboxPolicy& policy, const EgressDocument* document) {
    ordered_json json;
    json["policy"] = policy.policy;
    json["params"] = to_json(policy.identity.params);
    json["labels"] = to_json(policy.identity.labels);
    const auto set = document != nullptr ? ordered_json::parse(document->json, nullptr, false) : ordered_json();
    for (const char* key : {"rules", "hosts", "handler"}) {
        if (set.is_object() && set.contains(key)) json[key] = set[key];
    }
    json["set"] = set.is_object() ? set : ordered_json(nullptr);
    return dump(json);
}

std::string describe_secrets(const Deployment& deployment) {
    const auto sandboxes = secrets_in_use(deployment);
    ordered_json list = ordered_json::array();
    for (const secrets::SecretSource& source : deployment.file().secrets) {
        ordered_json json;
        json["name"] = source.name;
        json["source"] = secrets::type_of(source);
        json["location"] = source.provider ? source.provider->describe() : source.location;
        json["used_by"] = users_of(deployment.file(), source.name);
        add_state(json, sandboxes, source.name);
        list.push_back(std::move(json));
    }
    return dump({{"secrets", list}});
}

ordered_json describe_connection(const proxy::LiveConnection& connection) {
    return {{"id", connection.id},
            {"sandbox", connection.sandbox},
            {"protocol", connection.protocol},
            {"host", connection.host},
            {"port", connection.port},
            {"state", connection.state},
            {"request_id", connection.request_id},
            {"rule", connection.rule},
            {"age_ms", connection.age_ms},
            {"bytes_in", connection.bytes_in},
            {"bytes_out", connection.bytes_out},
            {"requests", connection.requests},
            {"generation", connection.generation.value}};
}

std::string gauges_text(Gate& gate) {
    const auto gauge = [](const std::string& name, const std::string& meaning, std::uint64_t value) {
        return "# HELP " + name + " " + meaning + "\n# TYPE " + name + " gauge\n" + name + " " + std::to_string(value) + "\n";
    };
    return gauge("sallyport_handler_hosts", "Processes that run handlers.", gate.handler_hosts_running()) +
           gauge("sallyport_audit_healthy", "1 where the audit log can be written, or there is none.",
                 gate.is_audit_healthy() ? 1 : 0);
}

Planned<ExplainBody> parse_explain_body(std::string_view text) {
    const auto json = ordered_json::parse(text, nullptr, false);
    if (!json.is_object()) return refuse(400, "bad_json", "the body must be a JSON object");
    for (const auto& [key, value] : json.items()) {
        if (key == "sandbox" || key == "method" || key == "url" || key == "headers") continue;
        return refuse(422, "explain_invalid", "a question has \"sandbox\", \"method\", \"url\" and \"headers\"");
    }
    ExplainBody body;
    for (const auto& [key, out, otherwise] : {std::tuple{"sandbox", &body.sandbox, static_cast<const char*>(nullptr)},
                                              std::tuple{"method", &body.question.method, "GET"},
                                              std::tuple{"url", &body.question.url, static_cast<const char*>(nullptr)}}) {
        auto value = text_of(json, key, otherwise);
        if (!value) return tl::unexpected(value.error());
        *out = std::move(*value);
    }
    if (const auto headers = json.find("headers"); headers != json.end()) {
        if (auto added = add_headers(*headers, body.question); !added) return tl::unexpected(added.error());
    }
    return body;
}

}  // namespace sallyport::cli
