// Interfaces and routes of the namespace that the calling thread is in, through ioctl and rtnetlink.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

enum class LinkState { up, down };

// Every interface but lo.
Result<std::vector<std::string>> uplinks();
Result<void> set_link(const std::string& name, LinkState state);

// Every address is local: `local default dev lo` for IPv4 and IPv6, in the main table.
Result<void> route_everything_to_loopback();
// The same where other routes exist: in a table of its own, which a rule puts before all others.
Result<void> override_routes_with_loopback();

}  // namespace sallyport::sandbox
