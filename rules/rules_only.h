// A policy to ask questions of, where nothing is run and no secret is read: what its rules say, with any script's
// handlers left out. Pure.
#pragma once

#include <memory>
#include <string>

#include "rules/explain.h"
#include "rules/policy_file.h"
#include "rules/runtime_rules.h"
#include "rules/snapshot.h"

namespace sallyport::rules {

// The same policy where it has no script; else a copy without one, in which rules may still name handlers.
std::shared_ptr<const CompiledPolicy> rules_only(std::shared_ptr<const CompiledPolicy> policy);

bool has_handlers(const CompiledPolicy& policy);

// Every secret is missing: a request whose rule has a credential is denied for that reason alone, with the credential's
// name. `own`: the rules of one sandbox before the policy's; null for none.
std::shared_ptr<const PolicySnapshot> snapshot_of_rules(std::shared_ptr<const CompiledPolicy> policy,
                                                        std::shared_ptr<const CompiledPolicy> own,
                                                        const secrets::Identity& identity);

// As explain(), where a secret that is missing counts as there.
Explanation explain_rules(const PolicySnapshot& snapshot, const AskedRequest& asked,
                          Handlers handlers = Handlers::consult);

}  // namespace sallyport::rules
