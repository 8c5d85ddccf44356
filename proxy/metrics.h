// The counters as a page of the Prometheus text format, version 0.0.4. Pure. No label holds anything that a sandbox could
// choose: the labels are error codes, blames, verdicts and fixed words.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "proxy/live.h"

namespace sallyport::proxy {

// What only the owner of the workers knows.
struct GateState {
    Generation generation;
    std::uint64_t sandboxes = 0;
    std::uint64_t workers = 0;
    std::uint64_t reloads_failed = 0;
};

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// `counters` is the sum over the workers.
std::string metrics_text(const Counters& counters, const GateState& state);

}  // namespace sallyport::proxy
