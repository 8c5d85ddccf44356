#include "proxy/live.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

template <std::size_t kSize>
void add_each(std::array<std::uint64_t, kSize>& to, const std::array<std::uint64_t, kSize>& from) {
    for (std::size_t i = 0; i < kSize; ++i) to[i] += from[i];
}

}  // namespace

void Counters::count(const CountedOutcome& outcome) {
    if (outcome.error != nullptr) ++errors[static_cast<std::size_t>(outcome.error->code)];
    if (!outcome.allowed) {
        ++requests_denied;
    } else if (outcome.error != nullptr) {
        ++requests_failed;
    } else {
        ++requests_allowed;
    }
    if (outcome.scrubbed > 0) ++responses_scrubbed;
    secrets_scrubbed += outcome.scrubbed;
    secret_parts += outcome.secret_parts;
    const auto* const bucket = std::lower_bound(kDurationBucketsUs.begin(), kDurationBucketsUs.end(), outcome.total_us);
    ++request_durations[static_cast<std::size_t>(bucket - kDurationBucketsUs.begin())];
    request_duration_us += outcome.total_us;
}

void Counters::add(const Counters& other) {
    connections_accepted += other.connections_accepted;
    connections_open += other.connections_open;
    upstream_connections_open += other.upstream_connections_open;
    upstream_connections_made += other.upstream_connections_made;
    requests_allowed += other.requests_allowed;
    requests_denied += other.requests_denied;
    requests_failed += other.requests_failed;
    responses_scrubbed += other.responses_scrubbed;
    secrets_scrubbed += other.secrets_scrubbed;
    secret_parts += other.secret_parts;
    tunnels_opened += other.tunnels_opened;
    handler_calls += other.handler_calls;
    leaves_minted += other.leaves_minted;
    bytes_from_sandboxes += other.bytes_from_sandboxes;
    bytes_to_sandboxes += other.bytes_to_sandboxes;
    add_each(errors, other.errors);
    add_each(request_durations, other.request_durations);
    request_duration_us += other.request_duration_us;
}

}  // namespace sallyport::proxy
