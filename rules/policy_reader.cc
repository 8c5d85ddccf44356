#include "rules/policy_reader.h"

#include <algorithm>
#include <array>

#include "rules/fields.h"
#include "rules/rule_lint.h"
#include "rules/rule_reader.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kRulesMax = 10'000;

constexpr std::array<std::string_view, 2> kKeys{"default", "rules"};
constexpr std::array<std::string_view, 10> kUnsupportedKeys{
    "script", "env", "handler_socket", "handler", "handlers", "limits", "blocked", "scrub", "budget", "sandbox",
};
constexpr std::array<std::string_view, 2> kDefaults{"deny", "allow"};

void read_default(const Node& node, CompiledPolicy& policy, Reporter& reporter) {
    const auto text = read_text(node, "default", reporter);
    if (!text) return;
    policy.default_allow = *text == "allow";
    if (policy.default_allow || *text == "deny") return;
    reporter.error(node.place,
                   "\"default\" must be deny or allow, not " + quote(*text) + reporter.suggest(*text, kDefaults));
}

// The credential's index in the policy, which holds each that it uses once.
int add_credential(const std::string& name, CompiledPolicy& policy, CredentialTable& credentials) {
    credentials.used.insert(name);
    const auto spec = credentials.specs.find(name);
    if (spec == credentials.specs.end()) return -1;
    const auto same = [&](const CredentialSpec& other) { return other.name == name; };
    const auto found = std::find_if(policy.credentials.begin(), policy.credentials.end(), same);
    const auto index = found - policy.credentials.begin();
    if (found == policy.credentials.end()) policy.credentials.push_back(spec->second);
    return static_cast<int>(index);
}

void read_rules(const Node& node, CompiledPolicy& policy, CredentialTable& credentials, Reporter& reporter) {
    const auto items = read_list(node, "rules", ListForm::list_only, reporter);
    if (items.size() > kRulesMax) return reporter.error(node.place, "a policy has 10000 rules at most");
    for (const Node* item : items) {
        ReadRule read = read_rule(*item, policy.rules.size(), credentials.names, reporter);
        if (!read.credential.empty()) read.rule.credential = add_credential(read.credential, policy, credentials);
        policy.rules.push_back(std::move(read.rule));
    }
}

}  // namespace

std::shared_ptr<const CompiledPolicy> read_policy(const std::string& name, const Node& node,
                                                  CredentialTable& credentials, Reporter& reporter) {
    auto policy = std::make_shared<CompiledPolicy>();
    policy->name = name;
    if (!expect_map(node, "policy " + quote(name), {kKeys, kUnsupportedKeys}, reporter)) return policy;
    if (const Node* value = find(node, "default")) read_default(*value, *policy, reporter);
    if (const Node* value = find(node, "rules")) read_rules(*value, *policy, credentials, reporter);
    index_rules(*policy);
    // Of a rule that was read in part, it would say what is not so.
    if (!reporter.has_errors()) lint_rules(*policy, reporter);
    return policy;
}

}  // namespace sallyport::rules
