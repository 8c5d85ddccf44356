// What an operator may ask a running data plane: its connections, its counters. Values, gathered on the workers' threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "net/loop.h"

namespace sallyport::proxy {

// One connection from a sandbox, and what it carries now.
struct LiveConnection {
    std::string id;        // opaque; as in DELETE /v1/connections/{id}
    std::string sandbox;
    std::string protocol;  // "https", "http", "tcp", "passthrough", "websocket", "fetch"; empty while it is not known
    std::string host;      // the name or address it was opened for
    std::uint16_t port = 0;
    std::string state;     // "greeting", "handshake", "idle", "request", "dialling", "tunnel", "closing"
    std::string request_id;  // of the request that runs; empty for none
    std::string rule;
    std::uint64_t age_ms = 0;
    std::uint64_t bytes_in = 0;   // from the sandbox
    std::uint64_t bytes_out = 0;  // to the sandbox
    std::uint64_t requests = 0;
    Generation generation;  // of the request or tunnel that runs
};

inline std::uint64_t age_ms(net::Clock::time_point since, net::Clock::time_point now) {
    using std::chrono::milliseconds;
    return now <= since ? 0 : static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now - since).count());
}

inline constexpr std::size_t kErrorCodes = 0
#define X(name, status, blame, sentence) +1
    SALLYPORT_ERRORS(X)
#undef X
    ;

// Upper ends of the duration histogram's buckets, in microseconds; one more bucket has none.
inline constexpr std::array<std::uint64_t, 7> kDurationBucketsUs = {1'000,   5'000,     25'000,    100'000,
                                                                    500'000, 2'500'000, 10'000'000};

// What one line of the access log counts for.
struct CountedOutcome {
    bool allowed = false;
    const Error* error = nullptr;
    std::uint64_t total_us = 0;
    std::uint64_t scrubbed = 0;
    std::uint64_t secret_parts = 0;
};

// Since the worker started; a worker's own, summed up by whoever asks.
struct Counters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_open = 0;     // now
    std::uint64_t upstream_connections_open = 0;  // now
    std::uint64_t upstream_connections_made = 0;
    // Requests and tunnels, by the end of each, and connections that were refused before any.
    std::uint64_t requests_allowed = 0;
    std::uint64_t requests_denied = 0;
    std::uint64_t requests_failed = 0;  // for another reason than the policy
    // Where a secret came back, and how often.
    std::uint64_t responses_scrubbed = 0;
    std::uint64_t secrets_scrubbed = 0;
    std::uint64_t secret_parts = 0;
    std::uint64_t tunnels_opened = 0;
    std::uint64_t handler_calls = 0;
    std::uint64_t leaves_minted = 0;
    std::uint64_t bytes_from_sandboxes = 0;
    std::uint64_t bytes_to_sandboxes = 0;
    std::array<std::uint64_t, kErrorCodes> errors{};  // by ErrorCode
    // By duration, see kDurationBucketsUs; not cumulative.
    std::array<std::uint64_t, kDurationBucketsUs.size() + 1> request_durations{};
    std::uint64_t request_duration_us = 0;

    void count(const CountedOutcome& outcome);
    void add(const Counters& other);
};

}  // namespace sallyport::proxy
