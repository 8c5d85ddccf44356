#include <algorithm>
#include <vector>

#include "rules/compiled_policy.h"
#include "rules/policy_file.h"
#include "rules/script.h"

namespace sallyport::rules {
namespace {

// Whether the script has something for every host of a rule whose handler is the script itself.
bool covers_hosts(const Script& script, const Rule& rule) {
    if (script.outbound() != nullptr) return true;
    const auto has = [&](const HostPattern& host) { return script.covers(host); };
    return rule.addresses.empty() && !rule.is_for_networks_alone() &&
           std::all_of(rule.hosts.begin(), rule.hosts.end(), has);
}

// Empty where the rule's handler is there.
std::string fault_of(const Rule& rule, const Script& script) {
    const std::string& name = rule.handler->name;
    const auto& named = script.exports().named;
    if (named.contains(name)) return {};
    if (name == script.stem()) {
        if (covers_hosts(script, rule)) return {};
        return "the script has neither an outboundByHost for every host of this rule nor an outbound";
    }
    std::vector<std::string_view> candidates(named.begin(), named.end());
    candidates.push_back(script.stem());
    return "handler " + quote(name) + " is not in the script" + did_you_mean(name, candidates);
}

}  // namespace

std::vector<Diagnostic> check_script(const CompiledPolicy& policy, const Script& script) {
    Reporter reporter(policy.source_name);
    const ScriptExports& exports = script.exports();
    if (exports.hosts.empty() && exports.named.empty() && !exports.outbound) {
        reporter.warning({}, "the script of policy " + quote(policy.name) +
                                 " exports none of outboundByHost, outboundHandlers and outbound");
    }
    for (const Rule& rule : policy.rules) {
        const std::string fault = rule.handler != nullptr ? fault_of(rule, script) : std::string();
        if (!fault.empty()) reporter.error(rule.place, fault);
    }
    return reporter.take();
}

}  // namespace sallyport::rules
