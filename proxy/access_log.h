// The access log: exactly one JSON line for every request, whatever happened to it. It holds names of rules and
// credentials, never a credential's value and no header; every byte that came from a sandbox is escaped.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"
#include "base/unique_fd.h"
#include "net/loop.h"

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
    const Error* error = nullptr;  // null for none
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
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

private:
    std::mutex mutex_;
    UniqueFd fd_;
    bool failing_ = false;  // guarded by mutex_
};

// A worker's part of it: collects lines and hands them on together, at most a few milliseconds later.
class AccessLog final {
public:
    AccessLog(net::Loop& loop, AccessLogFile& file);
    ~AccessLog();

    void add(const AccessRecord& record);
    void flush();

private:
    AccessLogFile& file_;
    net::Timer timer_;
    std::string lines_;
};

}  // namespace sallyport::proxy
