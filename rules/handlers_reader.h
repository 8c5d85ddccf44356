// What a policy says about its handlers: `script`, `env`, `handler_socket` and `handler_limits`.
#pragma once

#include "rules/compiled_policy.h"
#include "rules/definitions.h"
#include "rules/document.h"

namespace sallyport::rules {

// Whether the policy, as written, has a script or a handler service.
bool has_handlers(const Node& policy);

// Reports every fault, and notes the secrets that `env` names.
void read_handlers(const Node& node, CompiledPolicy& policy, Definitions& definitions, Reporter& reporter);

// Of the rules of a policy that has neither: reports each that names a handler.
void refuse_rule_handlers(const Node& rules, Reporter& reporter);

}  // namespace sallyport::rules
