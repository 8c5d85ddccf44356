// One entry of the `policies` section of a file, and a list of rules without one.
#pragma once

#include <memory>
#include <string>

#include "rules/compiled_policy.h"
#include "rules/definitions.h"
#include "rules/document.h"

namespace sallyport::rules {

// Each reports every fault; the policy is whole where there is none.
std::shared_ptr<const CompiledPolicy> read_policy(const std::string& name, const Node& node, Definitions& definitions,
                                                  Reporter& reporter);
// Rules that the admin API has set for a sandbox. Whether there is a script for their handlers is known when they are
// used only.
std::shared_ptr<const CompiledPolicy> read_runtime_rules(const Node& node, Definitions& definitions,
                                                         Reporter& reporter);

}  // namespace sallyport::rules
