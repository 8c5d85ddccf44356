// The audit log: append-only JSON lines, one for each decision and each administrative act, each with the SHA-256 over the
// one before and itself, so that a line that was changed, removed or put in shows (`sallyport audit verify`). It holds no
// secret and no header of the authentication family; every byte that came from a sandbox is escaped. Shared by all
// threads; a write is whole lines, in the chain's order.
//
// A line: {"seq":7,"time":"2026-01-01T00:00:00.000000Z","type":"decision",…,"prev":"<64 hex>","hash":"<64 hex>"}; hash is
// SHA-256 over the line's text up to and without `,"hash":`. The first line of all has 64 zeros as prev; a rotated file's
// successor goes on with the same chain.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "http/header_map.h"
#include "http/validate.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

// Views are valid during the call of record().
struct AuditedDecision {
    std::string_view sandbox;
    std::string_view policy;
    Generation generation;
    RequestId request_id;
    std::string_view method;  // empty for a connection
    std::string_view scheme;  // "https", "http", "tcp", "tls" (passthrough, or refused before it was a request)
    std::string_view host;
    std::uint16_t port = 0;
    std::string_view target;  // before any credential
    bool allowed = false;
    std::string_view rule;
    std::string_view credential;
    std::string_view handler;
    std::string_view action;  // forward, respond, handler, tcp, passthrough; empty where denied
    const Error* error = nullptr;
    bool by_handler = false;  // a handler's fetch
    // For the replay mode: null for what was never a valid request.
    const http::CanonicalRequest* request = nullptr;
    const http::HeaderMap* headers = nullptr;
};

struct AuditedAct {
    std::string_view caller;  // "uid 0", "token ci", "certificate ops"; "signal"; "file"
    std::string_view act;     // "put_policy", "reload", …
    std::string_view object;  // a policy's name, a sandbox's id, …
    bool done = false;
    Generation generation;    // after it
    std::string_view detail;  // why it was refused; never a value
};

struct AuditOptions {
    std::string path;
    std::uint64_t rotate_bytes = 100'000'000;  // 0: never
    std::uint32_t keep = 10;  // rotated files: path.1 is the newest
    bool replay = false;
};

class AuditLog final {
public:
    // Goes on with the chain that the file ends with; a torn last line (a crash) is cut off, and that is recorded.
    // config_invalid where the file is another process's (PATH.lock), or ends in anything but a record.
    static Result<std::unique_ptr<AuditLog>> open(const AuditOptions& options);
    ~AuditLog();

    // False where the record could not be written: then nothing may go out (ErrorCode::audit_unavailable). Any thread.
    // A decision is in the kernel's hands when it returns: it outlives the process. An act is on the disk, which takes
    // milliseconds: not for a worker's thread.
    bool record(const AuditedDecision& decision);
    bool record(const AuditedAct& act);

private:
    AuditLog() = default;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sallyport::proxy
