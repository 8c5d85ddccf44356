// Faults that no single rule shows: two credentials for the same requests, and rules that can never match.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/diagnostics.h"

namespace sallyport::rules {

// Ambiguous credentials are errors. A shadowed rule is a warning; the check is sound (what it reports never matches)
// and simple (it does not find every such rule).
void lint_rules(const CompiledPolicy& policy, Reporter& reporter);

}  // namespace sallyport::rules
