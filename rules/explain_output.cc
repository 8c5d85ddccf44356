#include <nlohmann/json.hpp>

#include "base/error.h"
#include "rules/explain.h"
#include "rules/mismatch_text.h"

namespace sallyport::rules {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

// Bytes of a script's or a rule's name may be any.
std::string dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

bool is_missing_secret(const Explanation& explanation) {
    return explanation.error == tag(ErrorCode::secret_unavailable) && !explanation.credential.empty();
}

std::string place_of(const std::string& file, int line, int column) {
    if (file.empty()) return {};
    if (line == 0) return " (" + file + ")";
    return " (" + file + ":" + std::to_string(line) + ":" + std::to_string(column) + ")";
}

std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
    return text;
}

std::string with_details(const Explanation& explanation) {
    std::string text;
    if (!explanation.credential.empty()) text += " with credential " + explanation.credential;
    if (!explanation.upstream.empty()) text += ", sent to " + explanation.upstream;
    if (!explanation.networks.empty()) text += ", inside " + joined(explanation.networks);
    return text;
}

void add_line(std::string& text, std::string_view key, const std::string& value) {
    if (value.empty()) return;
    text += "  ";
    text += key;
    text.append(12 - key.size(), ' ');
    text += value + '\n';
}

}  // namespace

std::string outcome_of(const Explanation& explanation) {
    const std::string by = explanation.rule.empty() ? "" : " by " + shown(explanation.rule);
    if (is_missing_secret(explanation)) return "allowed" + by + with_details(explanation) + " (its secret is missing)";
    if (!explanation.allowed) {
        const bool says_all =
            explanation.error == tag(ErrorCode::denied) || explanation.error == tag(ErrorCode::denied_by_rule);
        return "denied" + by + (says_all ? "" : " (" + explanation.error + ")");
    }
    if (explanation.action == "respond") return "answered" + by;
    if (explanation.action == "handler") return "handled" + by + with_details(explanation);
    if (explanation.action == "tcp" || explanation.action == "passthrough")
        return "passed through" + by + with_details(explanation);
    return "allowed" + by + with_details(explanation);
}

std::string effect_of(const Explanation& explanation) {
    if (is_missing_secret(explanation)) return "forward" + with_details(explanation);
    if (!explanation.allowed) return "denied";
    if (explanation.action == "handler") return "handled by " + explanation.handler + with_details(explanation);
    return explanation.action + with_details(explanation);
}

std::string to_text(const Explanation& explanation) {
    std::string text = (explanation.allowed ? "allowed: " : "denied: ") + explanation.reason + '\n';
    add_line(text, "error", explanation.error);
    add_line(text, "rule", shown(explanation.rule) + place_of(explanation.file, explanation.line, explanation.column));
    add_line(text, "action", explanation.action);
    add_line(text, "credential", explanation.credential);
    add_line(text, "handler", shown(explanation.handler));
    add_line(text, "upstream", explanation.upstream);
    add_line(text, "networks", joined(explanation.networks));
    add_line(text, "policy", explanation.policy + ", generation " + std::to_string(explanation.generation));
    if (!explanation.earlier.empty()) text += "looked at, in this order:\n";
    for (const RuleTrace& trace : explanation.earlier) {
        text += (trace.matched ? "  * " : "  - ") + shown(trace.rule) + place_of(trace.file, trace.line, trace.column) +
                (trace.layer == "runtime" ? " [runtime]: " : ": ") + trace.why + '\n';
    }
    if (explanation.left_out > 0) text += "  and " + std::to_string(explanation.left_out) + " rules for other hosts\n";
    return text;
}

std::string to_json(const Explanation& explanation) {
    ordered_json earlier = ordered_json::array();
    for (const RuleTrace& trace : explanation.earlier) {
        earlier.push_back({{"layer", trace.layer},
                           {"rule", trace.rule},
                           {"file", trace.file},
                           {"line", trace.line},
                           {"column", trace.column},
                           {"matched", trace.matched},
                           {"why", trace.why}});
    }
    return dump({{"verdict", explanation.allowed ? "allow" : "deny"},
                 {"allowed", explanation.allowed},
                 {"error", or_null(explanation.error)},
                 {"reason", explanation.reason},
                 {"action", or_null(explanation.action)},
                 {"rule", or_null(explanation.rule)},
                 {"file", or_null(explanation.file)},
                 {"line", explanation.line},
                 {"column", explanation.column},
                 {"credential", or_null(explanation.credential)},
                 {"handler", or_null(explanation.handler)},
                 {"upstream", or_null(explanation.upstream)},
                 {"networks", explanation.networks},
                 {"policy", explanation.policy},
                 {"generation", explanation.generation},
                 {"earlier", earlier},
                 {"left_out", explanation.left_out}});
}

}  // namespace sallyport::rules
