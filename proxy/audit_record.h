// What one line of the audit log says, as members of a JSON object, without what the chain adds. Every byte that came
// from a sandbox is escaped, and values of the authentication family are masked. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/audit_log.h"
#include "rules/replay.h"

namespace sallyport::proxy {

enum class ReplayMode { off, on };

// Each overwrites `body`: `"type":"…",…`, without braces.
void write_decision(std::string& body, const AuditedDecision& decision, ReplayMode mode);
void write_act(std::string& body, const AuditedAct& act);
// A line that a crash left unfinished was cut off.
void write_recovered(std::string& body, std::uint64_t cut_bytes);
// Records can be written again, after so many could not: what they were about was refused.
void write_resumed(std::string& body, std::uint64_t unrecorded);

// What replay needs of a line.
struct ReadRecord {
    bool is_decision = false;  // false for all other types
    bool by_handler = false;   // a handler's fetch: part of a call that was decided, and never replayed by itself
    bool has_request = false;  // it was written in replay mode
    rules::RecordedDecision decision;
};

// config_invalid for what is no record.
Result<ReadRecord> read_record(std::string_view line);

}  // namespace sallyport::proxy
