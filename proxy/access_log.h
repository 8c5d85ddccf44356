// The access log: exactly one JSON line for every request, whatever happened to it. It holds names of rules and
// credentials, never a credential's value and no header; every byte that came from a sandbox is escaped.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"
#include "base/unique_fd.h"
#include "net/loop.h"
#include "proxy/live.h"

namespace sallyport::proxy {

// What one line says. Views are valid during the call of add().
struct AccessRecord {
    std::string_view sandbox;
    std::string_view policy;
    Generation generation;
    RequestId request_id;
    std::string_view method;
    std::string_view scheme;
    std::string_view host;
    std::uint16_t port = 0;
    std::string_view target;       // canonical path and the query as the client sent it: before any credential
    int status = 0;                // of the response's head as sent to the client; 0 for none
    bool allowed = false;
    std::string_view rule;
    std::string_view credential;   // its name
    std::string_view handler;      // that the request was handed to; empty for none
    RequestId call;                // of a handler's fetch: the request that the handler has; 0 for none
    const Error* error = nullptr;  // null for none
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::uint64_t scrubbed = 0;    // secrets that were overwritten in the response
    std::uint64_t secret_parts = 0;  // halves of secrets that were seen in it
    std::string_view upstream;     // address and port
    bool upstream_reused = false;
    // Microseconds; the sum of what was waited for is at most `total`.
    std::uint64_t head_us = 0;        // first byte of the request to its head's end
    std::uint64_t dns_us = 0;
    std::uint64_t connect_us = 0;
    std::uint64_t tls_us = 0;
    std::uint64_t first_byte_us = 0;  // request sent on to the response's head
    std::uint64_t total_us = 0;
};

// "16 hex digits", opaque to sandboxes: consecutive requests have unrelated ids.
std::string to_string(RequestId id);

// Appends one line, with its end.
void append_access_line(std::string& out, const AccessRecord& record, std::chrono::system_clock::time_point now);

// Where lines go. Shared by the workers; a write is whole lines.
class AccessLogFile final {
public:
    // An empty fd drops the lines. A file that cannot be written is complained of once, and again when it has worked since.
    explicit AccessLogFile(UniqueFd fd) : fd_(std::move(fd)) {}
    void write(std::string_view lines);
    // Goes on with another file (the old one was moved away). Between two writes, so that no line is split. Any thread.
    void reopen(UniqueFd fd);

private:
    std::mutex mutex_;
    UniqueFd fd_;           // guarded by mutex_
    bool failing_ = false;  // guarded by mutex_
};

// Who else sees the lines, while `is_wanted`: called on the worker's thread with whole lines.
struct AccessTap {
    std::function<void(std::string_view lines)> on_lines;
    const std::atomic<bool>* is_wanted = nullptr;
};

// A worker's part of it: collects lines and hands them on together, at most a few milliseconds later. It counts them too:
// what is counted is what is logged.
class AccessLog final {
public:
    AccessLog(net::Loop& loop, AccessLogFile& file, AccessTap tap = {});
    ~AccessLog();

    void add(const AccessRecord& record);
    void flush();
    // Requests, errors and durations.
    const Counters& counters() const { return counters_; }

private:
    AccessLogFile& file_;
    const AccessTap tap_;
    Counters counters_;
    net::Timer timer_;
    std::string lines_;
};

}  // namespace sallyport::proxy
