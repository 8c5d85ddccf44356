// Which keys of a rule make no sense beside each other: what would be ignored is an error instead.
#pragma once

#include "rules/document.h"

namespace sallyport::rules {

// `node` is the rule as written; `deny` is whether it denies.
void check_combination(const Node& node, bool deny, Reporter& reporter);

}  // namespace sallyport::rules
