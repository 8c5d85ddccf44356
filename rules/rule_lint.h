// Faults that no single condition shows: two credentials for the same requests, rules that can never match, credentials
// that go to more places than anybody has in view.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/diagnostics.h"

namespace sallyport::rules {

// Ambiguous credentials are errors, the rest are warnings. Sound: a rule that it says never matches never does, whether
// one other rule or several together take what it is for. Bounded: of very long lists it does not find every such rule.
void lint_rules(const CompiledPolicy& policy, Reporter& reporter);

}  // namespace sallyport::rules
