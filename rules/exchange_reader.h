// What a rule says about responses and requests beside its credential: `cookies`, `ranges`, `selector`,
// `tokens`.
#pragma once

#include "rules/document.h"
#include "rules/rule.h"

namespace sallyport::rules {

// Reads the keys into rule.exchange; `selector` also adds conditions to rule.headers. Reports a key that says
// nothing without `credential` and stands there without it.
void read_exchange(const Node& node, Rule& rule, Reporter& reporter);

}  // namespace sallyport::rules
