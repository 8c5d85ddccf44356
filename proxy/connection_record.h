// What the logs say of a connection that is not requests: a tunnel, or one that was refused before it said what it wanted.
#pragma once

#include <string_view>

#include "proxy/access_log.h"
#include "proxy/audit_log.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

// The fields that are known before anything happens. Views into the arguments.
AccessRecord connection_record(const SandboxId& sandbox, const rules::PolicySnapshot& snapshot, RequestId id);

// The audit log's line for it; `action` is "tcp", "passthrough", or empty where denied. False where it could not be
// written. Nothing to do where `audit` is null.
bool audit_connection(AuditLog* audit, const AccessRecord& record, std::string_view action);

}  // namespace sallyport::proxy
