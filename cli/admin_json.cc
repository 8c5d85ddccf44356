#include "cli/admin_json.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/gate.h"
#include "cli/proxy_setup.h"
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

using Statuses = std::vector<secrets::Refresher::Status>;

std::int64_t seconds_between(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

// What a store has answered, instead of when its answer was looked at. Of several values the worst.
void add_fetches(ordered_json& json, const Statuses& fetched, const std::string& secret) {
    const auto now = std::chrono::system_clock::now();
    std::optional<std::chrono::system_clock::time_point> oldest;
    std::optional<std::chrono::system_clock::time_point> until;
    std::uint64_t fetches = 0;
    std::uint64_t failures = 0;
    json["last_error"] = nullptr;
    for (const auto& each : fetched) {
        if (each.name != secret) continue;
        fetches += each.fetches;
        failures += each.failures;
        if (!each.last_error.empty()) json["last_error"] = each.last_error;
        if (!each.has_value) continue;
        if (!oldest || *each.fetched_at < *oldest) oldest = each.fetched_at;
        if (!until || *each.usable_until < *until) until = each.usable_until;
    }
    json["age_seconds"] = oldest ? ordered_json(seconds_between(*oldest, now)) : ordered_json(nullptr);
    json["usable_for_seconds"] = until ? ordered_json(seconds_between(now, *until)) : ordered_json(nullptr);
    json["fetches"] = fetches;
    json["failures"] = failures;
}

// One metric, a line for each secret.
class SecretMetric {
public:
    SecretMetric(std::string name, const std::string& type, const std::string& meaning) : name_(std::move(name)) {
        text_ = "# HELP " + name_ + " " + meaning + "\n# TYPE " + name_ + " " + type + "\n";
    }
    void add(const std::string& secret, std::uint64_t value) { values_[secret] += value; }
    void raise(const std::string& secret, std::uint64_t value) { values_[secret] = std::max(values_[secret], value); }
    std::string text() const {
        std::string all = text_;
        // Names of secrets need no escapes.
        for (const auto& [secret, value] : values_) all += name_ + "{secret=\"" + secret + "\"} " + std::to_string(value) + "\n";
        return all;
    }

private:
    std::string name_;
    std::string text_;
    std::map<std::string, std::uint64_t> values_;
};

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

std::string describe_secrets(const Deployment& deployment, const std::vector<secrets::Refresher::Status>& fetched) {
    const auto sandboxes = secrets_in_use(deployment);
    ordered_json list = ordered_json::array();
    for (const secrets::SecretSource& source : deployment.file().secrets) {
        ordered_json json;
        json["name"] = source.name;
        json["source"] = secrets::type_of(source);
        json["location"] = source.provider ? source.provider->describe() : source.location;
        json["used_by"] = users_of(deployment.file(), source.name);
        add_state(json, sandboxes, source.name);
        if (source.provider) add_fetches(json, fetched, source.name);
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
                 gate.is_audit_healthy() ? 1 : 0) +
           secret_metrics_text(gate.secret_status(), std::chrono::system_clock::now());
}

std::string secret_metrics_text(const Statuses& fetched, std::chrono::system_clock::time_point now) {
    if (fetched.empty()) return {};
    SecretMetric fetches("sallyport_secret_fetches_total", "counter", "Answers of secret stores, failures too.");
    SecretMetric failures("sallyport_secret_fetch_failures_total", "counter", "Fetches of secrets that failed.");
    SecretMetric missing("sallyport_secret_values_missing", "gauge", "Values that there are none of: what needs them is refused.");
    SecretMetric age("sallyport_secret_age_seconds", "gauge", "How long ago the oldest value in use was fetched.");
    for (const auto& each : fetched) {
        fetches.add(each.name, each.fetches);
        failures.add(each.name, each.failures);
        missing.add(each.name, each.has_value ? 0 : 1);
        if (each.has_value) age.raise(each.name, static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds_between(*each.fetched_at, now))));
    }
    return fetches.text() + failures.text() + missing.text() + age.text();
}

std::string describe_proxy_credential(const std::string& sandbox, const std::string& password,
                                      const std::vector<std::string>& places) {
    ordered_json http = ordered_json::array(), socks5 = ordered_json::array(), unix = ordered_json::array();
    for (const std::string& place : places) {
        const std::string url = proxy_url("http", place, sandbox, password);
        if (url.empty()) {
            unix.push_back(place);
        } else {
            http.push_back(url);
            socks5.push_back(proxy_url("socks5h", place, sandbox, password));
        }
    }
    return dump({{"username", sandbox}, {"password", password}, {"http", http}, {"socks5", socks5}, {"unix", unix}});
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
