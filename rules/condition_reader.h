// What narrows a rule to some requests: `methods`, `paths`, `query` and `headers`.
#pragma once

#include "rules/document.h"
#include "rules/rule.h"

namespace sallyport::rules {

// `node` is the rule as written. Reports every fault.
void read_conditions(const Node& node, Rule& rule, Reporter& reporter);
// A mapping from names to patterns under another key, as `headers` is one.
void read_header_conditions(const Node& value, std::string_view key, Rule& rule, Reporter& reporter);

}  // namespace sallyport::rules
