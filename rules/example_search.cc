#include "rules/example_search.h"

#include <algorithm>

#include "rules/coverage.h"
#include "rules/rules_only.h"

namespace sallyport::rules {
namespace {

constexpr std::uint64_t kStepsMax = 2'000'000;  // for one rule
constexpr std::size_t kHostsMax = 16;           // of one pattern
constexpr std::size_t kRulesMax = 300;          // of for_any()

std::vector<HostPattern> all_patterns(const CompiledPolicy& before, const CompiledPolicy& after) {
    std::vector<HostPattern> patterns;
    for (const CompiledPolicy* policy : {&before, &after}) {
        for (const Rule& rule : policy->rules) patterns.insert(patterns.end(), rule.hosts.begin(), rule.hosts.end());
    }
    return patterns;
}

std::vector<const Rule*> rules_for(const CompiledPolicy& policy, const Origin& origin) {
    std::vector<const Rule*> rules;
    find_rules(policy, origin.host, origin.is_address,
               [&](std::uint32_t index) { rules.push_back(&policy.rules[index]); });
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
    return rules;
}

// What keeps a request from being decided by `rule`, of the rules for its host.
std::vector<const Rule*> before_rule(const std::vector<const Rule*>& rules, const Rule& rule) {
    std::vector<const Rule*> found;
    if (rule.deny) return found;
    for (const Rule* other : rules) {
        if (other != &rule && (other->deny || other < &rule)) found.push_back(other);
    }
    return found;
}

}  // namespace

ExampleSearch::ExampleSearch(const std::shared_ptr<const CompiledPolicy>& before,
                             const std::shared_ptr<const CompiledPolicy>& after)
    : before_{rules_only(before), snapshot_of_rules(before, nullptr, {})},
      after_{rules_only(after), snapshot_of_rules(after, nullptr, {})},
      hosts_(all_patterns(*before, *after)),
      budget_(kStepsMax) {}

std::optional<Example> ExampleSearch::for_rule_before(std::size_t index) { return for_rule(before_, after_, index); }
std::optional<Example> ExampleSearch::for_rule_after(std::size_t index) { return for_rule(after_, before_, index); }

std::optional<Example> ExampleSearch::for_default() const {
    std::optional<Example> example;
    hosts_.each(HostPattern{"", 1, true}, [&](const std::string& host) {
        for (const auto* scheme : {"https://", "http://"}) {
            if (!example) example = ask_both({"GET", scheme + host + "/", {}});
        }
        return !example;
    });
    return example;
}

std::optional<Example> ExampleSearch::for_any() {
    if (auto example = for_default()) return example;
    for (const bool is_before : {true, false}) {
        const Side& side = is_before ? before_ : after_;
        for (std::size_t i = 0; i < std::min(side.policy->rules.size(), kRulesMax); ++i) {
            if (auto example = for_rule(side, is_before ? after_ : before_, i)) return example;
        }
    }
    return std::nullopt;
}

std::optional<Example> ExampleSearch::for_rule(const Side& side, const Side& other, std::size_t index) {
    const Rule& rule = side.policy->rules[index];
    budget_ = Budget(kStepsMax);
    std::optional<Example> example;
    for (const std::string& address : rule.addresses) {
        if (!example) example = at(side, other, rule, address, true);
    }
    for (const std::string& network : rule.network_texts) {
        // Its first address.
        if (!example && rule.is_for_networks_alone())
            example = at(side, other, rule, network.substr(0, network.find('/')), true);
    }
    for (const HostPattern& pattern : rule.hosts) {
        if (example) break;
        std::size_t count = 0;
        hosts_.each(pattern, [&](const std::string& host) {
            example = at(side, other, rule, host, false);
            return !example && ++count < kHostsMax;
        });
    }
    return example;
}

std::optional<Example> ExampleSearch::at(const Side& side, const Side& other, const Rule& rule, const std::string& host,
                                         bool is_address) {
    for (const Origin& origin : origins_of(rule, host, is_address)) {
        if (rule.tcp || rule.passthrough) {
            if (auto example = ask_both({"GET", url_of(origin, "/"), {}})) return example;
            continue;
        }
        const auto own = before_rule(rules_for(*side.policy, origin), rule);
        const auto others = rules_for(*other.policy, origin);
        const auto with = [&](std::vector<const Rule*> blocking, const std::vector<const Rule*>& more) {
            blocking.insert(blocking.end(), more.begin(), more.end());
            return blocking;
        };
        if (auto example = try_search({origin, {&rule}, with(own, others), {}})) return example;
        for (const Rule* decides : others) {
            if (auto example = try_search({origin, {&rule, decides}, with(own, before_rule(others, *decides)), {}}))
                return example;
        }
    }
    return std::nullopt;
}

std::optional<Example> ExampleSearch::try_search(const SearchQuestion& question) {
    if (!budget_.spend(question.blocking.size() + 1)) return std::nullopt;
    const SearchResult found = find_request(question, budget_);
    if (found.outcome != Search::found) return std::nullopt;
    return ask_both({found.request.method, url_of(question.origin, found.request.target), found.request.headers});
}

std::optional<Example> ExampleSearch::ask_both(const Question& question) const {
    const auto asked = ask(question);
    if (!asked) return std::nullopt;
    const Explanation before = explain_rules(*before_.snapshot, *asked);
    const Explanation after = explain_rules(*after_.snapshot, *asked);
    if (effect_of(before) == effect_of(after)) return std::nullopt;
    return Example{question, outcome_of(before), outcome_of(after)};
}

}  // namespace sallyport::rules
