#include "rules/policy_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "rules/block_answer_reader.h"
#include "rules/fields.h"
#include "rules/handlers_reader.h"
#include "rules/limit_reader.h"
#include "rules/minting_denials.h"
#include "rules/pack_reader.h"
#include "rules/rule_lint.h"
#include "rules/rule_reader.h"
#include "rules/source_json.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kRulesMax = 10'000;

constexpr std::array<std::string_view, 8> kKeys{
    "default", "rules", "script", "env", "handler_socket", "handler_limits", "blocked", "limit",
};
constexpr std::array<std::string_view, 3> kUnsupportedKeys{"scrub", "budget", "sandbox"};
constexpr std::array<std::string_view, 2> kDefaults{"deny", "allow"};
constexpr std::string_view kRuntime = "runtime";

void read_default(const Node& node, CompiledPolicy& policy, Reporter& reporter) {
    const auto text = read_text(node, "default", reporter);
    if (!text) return;
    policy.default_allow = *text == "allow";
    if (policy.default_allow || *text == "deny") return;
    reporter.error(node.place,
                   "\"default\" must be deny or allow, not " + quote(*text) + reporter.suggest(*text, kDefaults));
}

class RulesReader {
public:
    RulesReader(std::string_view prefix, CompiledPolicy& policy, Definitions& definitions, Reporter& reporter)
        : prefix_(prefix), policy_(policy), definitions_(definitions), reporter_(reporter) {}

    void read(const Node& node) {
        const auto items = read_list(node, "rules", ListForm::list_only, reporter_);
        if (items.size() > kRulesMax) return reporter_.error(node.place, "a policy has 10000 rules at most");
        policy_.rules.reserve(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) take_item(*items[i], i);
        take_all(denials_for(policy_.rules, policy_.credentials, own_denials_));
        if (policy_.rules.size() > kRulesMax) reporter_.error(node.place, "with its packs, a policy has 10000 rules at most");
        if (policy_.rules.size() != items.size() || uses_packs_) policy_.expanded_rules_json = '[' + json_ + ']';
    }

private:
    // An entry of the list: a rule, or a pack of them.
    void take_item(const Node& item, std::size_t index) {
        if (!uses_pack(item)) return take(item, std::string(prefix_) + '[' + std::to_string(index) + ']');
        uses_packs_ = true;
        const UsedPack used = read_used_pack(item, reporter_);
        if (used.pack != nullptr) own_denials_.add(*used.pack, used.values);
        take_all(used.rules);
    }

    void take_all(const std::vector<Node>& rules) {
        for (const Node& rule : rules) take(rule, {});
    }

    void take(const Node& item, const std::string& label) {
        json_ += (json_.empty() ? "" : ",") + to_json(item);
        ReadRule read = read_rule(item, label, definitions_.credentials, reporter_);
        if (!read.credential.empty()) read.rule.credential = add_credential(item, read.credential);
        choose_ranges(item, read.rule);
        if (read.rule.label != label) warn_of_name(item, read.rule);
        if (read.rule.limit != nullptr) read.rule.limit_key = limit_key(item, read.rule, label);
        policy_.rules.push_back(std::move(read.rule));
    }

    // AWS's own clients fetch large objects in parts, and take all of it for a part where they get all of it.
    void choose_ranges(const Node& item, Rule& rule) {
        if (rule.credential < 0 || find(item, "ranges") != nullptr) return;
        const CredentialSpec& spec = policy_.credentials[static_cast<std::size_t>(rule.credential)];
        if (spec.kind->type() == "aws_sigv4") rule.exchange.ranges = RangeUse::scan;
    }

    // The credential's index in the policy, which holds each that it uses once.
    int add_credential(const Node& item, const std::string& name) {
        definitions_.used_credentials.insert(name);
        const auto spec = definitions_.specs.find(name);
        if (spec == definitions_.specs.end()) return -1;
        const auto [found, is_new] = credential_index_.try_emplace(name, static_cast<int>(policy_.credentials.size()));
        if (is_new) {
            refuse_same_variable(item, spec->second);
            policy_.credentials.push_back(spec->second);
        }
        return found->second;
    }

    // A sandbox's variable holds one placeholder.
    void refuse_same_variable(const Node& item, const CredentialSpec& spec) {
        const auto variable = spec.kind->placeholder().variable;
        for (const CredentialSpec& other : policy_.credentials) {
            if (variable.empty() || other.kind->placeholder().variable != variable) continue;
            reporter_.error(item.place, "the credentials " + quote(other.name) + " and " + quote(spec.name) +
                                            " have the same \"env\", and a policy uses both");
        }
    }

    void warn_of_name(const Node& item, const Rule& rule) {
        const auto [first, is_new] = lines_.try_emplace(rule.label, rule.place.line);
        if (is_new) return;
        reporter_.warning(find(item, "name")->place, "the rule in line " + std::to_string(first->second) +
                                                         " has the name " + quote(rule.label) + " too");
    }

    // A rule without a name keeps what it has counted when others are put before it: what it says is its key.
    std::string limit_key(const Node& item, const Rule& rule, const std::string& label) {
        std::string key = policy_.name + '/' + (rule.label == label ? to_json(item) : rule.label);
        const std::size_t earlier = keys_[key]++;
        return earlier == 0 ? key : key + '#' + std::to_string(earlier);
    }

    std::string_view prefix_;
    std::string json_;  // of what was taken
    bool uses_packs_ = false;
    MintingDenials own_denials_;
    CompiledPolicy& policy_;
    Definitions& definitions_;
    Reporter& reporter_;
    std::unordered_map<std::string, int> credential_index_;
    std::unordered_map<std::string, int> lines_;
    std::unordered_map<std::string, std::size_t> keys_;
};

std::shared_ptr<CompiledPolicy> make_policy(std::string_view name, const Node& node, const Reporter& reporter) {
    auto policy = std::make_shared<CompiledPolicy>();
    policy->name = name;
    policy->source_name = reporter.file();
    policy->source_json = to_json(node);
    return policy;
}

void finish(CompiledPolicy& policy, Reporter& reporter) {
    index_rules(policy);
    // Of a rule that was read in part, it would say what is not so.
    if (!reporter.has_errors()) lint_rules(policy, reporter);
}

}  // namespace

std::shared_ptr<const CompiledPolicy> read_policy(const std::string& name, const Node& node, Definitions& definitions,
                                                  Reporter& reporter) {
    const auto policy = make_policy(name, node, reporter);
    if (!expect_map(node, "policy " + quote(name), {kKeys, kUnsupportedKeys}, reporter)) return policy;
    const Node* rules = find(node, "rules");
    if (const Node* value = find(node, "default")) read_default(*value, *policy, reporter);
    if (const Node* value = find(node, "blocked")) read_block_answer(*value, policy->blocked, reporter);
    if (const Node* value = find(node, "limit")) policy->limit = read_limit(*value, reporter);
    read_handlers(node, *policy, definitions, reporter);
    if (rules != nullptr) RulesReader("rules", *policy, definitions, reporter).read(*rules);
    if (rules != nullptr && !has_handlers(node)) refuse_rule_handlers(*rules, reporter);
    finish(*policy, reporter);
    return policy;
}

std::shared_ptr<const CompiledPolicy> read_runtime_rules(const Node& node, Definitions& definitions,
                                                         Reporter& reporter) {
    const auto policy = make_policy(kRuntime, node, reporter);
    RulesReader(kRuntime, *policy, definitions, reporter).read(node);
    finish(*policy, reporter);
    return policy;
}

}  // namespace sallyport::rules
