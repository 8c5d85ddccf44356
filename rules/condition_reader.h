// What narrows a rule to some requests: `methods`, `paths`, `query` and `headers`.
#pragma once

#include "rules/document.h"
#include "rules/rule.h"

namespace sallyport::rules {

// `node` is the rule as written. Reports every fault.
void read_conditions(const Node& node, Rule& rule, Reporter& reporter);

}  // namespace sallyport::rules
