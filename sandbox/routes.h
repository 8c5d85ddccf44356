// Interfaces and routes of the namespace that the calling thread is in, through ioctl and rtnetlink.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

enum class LinkState { up, down };

// Every interface but lo. Refused where that is not the name of the loopback device: rules and routes go by it.
Result<std::vector<std::string>> uplinks();
Result<void> set_link(const std::string& name, LinkState state);
// Into another namespace. Some devices belong to theirs (bridges, tunnels' fallback devices).
enum class LinkMove { moved, immovable };
Result<LinkMove> move_link(const std::string& name, int netns);

// Every address is local: `local default dev lo` for IPv4 and IPv6, in the local table, which is asked before any rule or
// route that leads to an uplink.
Result<void> route_everything_to_loopback();

// An address on lo that is not 127.0.0.1. Where there is none, glibc refuses to look up names for IPv4 alone
// (AI_ADDRCONFIG), as `curl -4` does; where there is one, and none of IPv6, it asks for no AAAA records.
Result<void> add_resolver_address();

}  // namespace sallyport::sandbox
