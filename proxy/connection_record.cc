#include "proxy/connection_record.h"

namespace sallyport::proxy {

AccessRecord connection_record(const SandboxId& sandbox, const rules::PolicySnapshot& snapshot, RequestId id) {
    AccessRecord record;
    record.sandbox = sandbox.value;
    record.policy = snapshot.policy_name();
    record.generation = snapshot.generation();
    record.request_id = id;
    return record;
}

bool audit_connection(AuditLog* audit, const AccessRecord& record, std::string_view action) {
    if (audit == nullptr) return true;
    AuditedDecision decision;
    decision.sandbox = record.sandbox;
    decision.policy = record.policy;
    decision.generation = record.generation;
    decision.request_id = record.request_id;
    decision.scheme = record.scheme;
    decision.host = record.host;
    decision.port = record.port;
    decision.allowed = record.allowed;
    decision.rule = record.rule;
    decision.action = action;
    decision.error = record.error;
    return audit->record(decision);
}

}  // namespace sallyport::proxy
