// The `admin` and `audit` sections of a file.
#pragma once

#include "rules/document.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

// Each reports every fault.
void read_admin(const Node& node, AdminSpec& admin, Reporter& reporter);
void read_audit(const Node& node, AuditSpec& audit, Reporter& reporter);

}  // namespace sallyport::rules
