// A request that two policies decide differently, looked for where they are said to differ: exact for what one rule of
// the one and one of the other are about, and bounded. Handlers of scripts are left out. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rules/compiled_policy.h"
#include "rules/explain.h"
#include "rules/request_search.h"
#include "rules/sample_hosts.h"

namespace sallyport::rules {

struct Example {
    Question question;
    std::string before;  // outcome_of()
    std::string after;
};

class ExampleSearch final {
public:
    ExampleSearch(const std::shared_ptr<const CompiledPolicy>& before,
                  const std::shared_ptr<const CompiledPolicy>& after);

    // Among the requests that this rule decides in the policy before, or after.
    std::optional<Example> for_rule_before(std::size_t index);
    std::optional<Example> for_rule_after(std::size_t index);
    // Among those that no rule is about.
    std::optional<Example> for_default() const;
    // Among all.
    std::optional<Example> for_any();

private:
    struct Side {
        std::shared_ptr<const CompiledPolicy> policy;
        std::shared_ptr<const PolicySnapshot> snapshot;
    };

    std::optional<Example> for_rule(const Side& side, const Side& other, std::size_t index);
    std::optional<Example> at(const Side& side, const Side& other, const Rule& rule, const std::string& host,
                              bool is_address);
    std::optional<Example> try_search(const SearchQuestion& question);
    std::optional<Example> ask_both(const Question& question) const;

    Side before_;
    Side after_;
    SampleHosts hosts_;
    Budget budget_;
};

}  // namespace sallyport::rules
