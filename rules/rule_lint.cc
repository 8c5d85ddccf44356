#include "rules/rule_lint.h"

#include <string>

#include "rules/coverage.h"
#include "rules/credential_overlap.h"

namespace sallyport::rules {
namespace {

// About a quarter of a second: files are read again at every change.
constexpr std::uint64_t kStepsMax = 2'000'000;
// For one rule: what is left out for it is left for others.
constexpr std::uint64_t kRuleStepsMax = 200'000;

std::string listed(const std::vector<const Rule*>& rules) {
    std::string text;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (i > 0) text += i + 1 == rules.size() ? " and " : ", ";
        text += place_of(*rules[i]);
    }
    return text;
}

std::string why_never(const std::vector<const Rule*>& by) {
    if (by.size() != 1) return listed(by) + " leave nothing of it";
    const Rule& rule = *by.front();
    if (!rule.deny) return place_of(rule) + " comes first and matches all of it";
    return place_of(rule) + (rule.is_about_requests() ? " denies all of it" : " denies its hosts");
}

class ShadowCheck {
public:
    ShadowCheck(const CompiledPolicy& policy, const Coverage& coverage, Reporter& reporter)
        : policy_(policy), coverage_(coverage), reporter_(reporter), steps_left_(kStepsMax) {}

    void take(std::uint32_t index) {
        const Rule& rule = policy_.rules[index];
        if (rule.deny || steps_left_ == 0) return;
        Budget budget(std::min(steps_left_, kRuleStepsMax));
        const Covered covered = coverage_.of(index, budget);
        steps_left_ -= std::min(steps_left_, kRuleStepsMax) - budget.left();
        if (covered.outcome != Search::none) return;
        reporter_.warning(rule.place, "this rule can never match: " + why_never(covered.by));
    }

private:
    const CompiledPolicy& policy_;
    const Coverage& coverage_;
    Reporter& reporter_;
    std::uint64_t steps_left_;
};

void check_breadth(const CompiledPolicy& policy, const Rule& rule, Reporter& reporter) {
    if (rule.credential < 0) return;
    const std::string credential = quote(policy.credentials[static_cast<std::size_t>(rule.credential)].name);
    for (const HostPattern& pattern : rule.hosts) {
        if (!pattern.has_wildcard()) continue;
        if (pattern.is_open) {
            return reporter.warning(rule.place, "credential " + credential + " goes to every name below " +
                                                    quote(pattern.suffix) + ", at any depth: name the hosts");
        }
        if (rule.paths.empty()) {
            return reporter.warning(rule.place, "credential " + credential + " goes to every path of every host like " +
                                                    quote(to_string(pattern)) +
                                                    ": name the hosts, or narrow it by \"paths\"");
        }
    }
}

}  // namespace

void lint_rules(const CompiledPolicy& policy, Reporter& reporter) {
    const Coverage coverage(policy);
    OverlapCheck overlaps(policy, coverage, reporter);
    ShadowCheck shadows(policy, coverage, reporter);
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        overlaps.take(i);
        shadows.take(i);
        check_breadth(policy, policy.rules[i], reporter);
    }
}

}  // namespace sallyport::rules
