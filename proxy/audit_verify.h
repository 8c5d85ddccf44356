// Reads audit logs back: whether the chain holds, and the decisions that can be replayed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/replay.h"

namespace sallyport::proxy {

struct AuditVerdict {
    std::uint64_t lines = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::string last_hash;
    // The first thing that is wrong: "audit.jsonl:12: the hash is not that of the line"; empty where the chain holds.
    std::string broken;
};

// The files in the order in which they were written (PATH.2 PATH.1 PATH). A chain that does not begin at sequence 1 is
// whole as far as it goes: older files have been rotated away. config_invalid where a file cannot be read.
Result<AuditVerdict> verify_audit_log(const std::vector<std::string>& paths);

// PATH's rotated files and itself, oldest first.
std::vector<std::string> audit_files(const std::string& path);

// Calls `visit` for each decision that was recorded in replay mode, in order. Returns the number of decisions that were
// not. What handlers fetched is in neither: it came of a call that was decided itself. config_invalid for a line that is
// no record.
Result<std::uint64_t> read_decisions(const std::vector<std::string>& paths,
                                     const std::function<void(const rules::RecordedDecision&)>& visit);

}  // namespace sallyport::proxy
