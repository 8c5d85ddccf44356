// One entry of a policy's `rules`, read and checked: what a rule may say, and what a rule with a credential may not.
#pragma once

#include <set>
#include <string>

#include "rules/document.h"
#include "rules/rule.h"

namespace sallyport::rules {

struct ReadRule {
    Rule rule;
    std::string credential;  // its name; empty for none
};

// Reports every fault; the rule is whole where there is none. `label`: what it is called where it has no name.
// `credential_names`: those that the file defines.
ReadRule read_rule(const Node& node, std::string label, const std::set<std::string, std::less<>>& credential_names,
                   Reporter& reporter);

}  // namespace sallyport::rules
