// How to connect to the origin of a connection whose requests are not known yet, in order to find out what it speaks. Pure.
#pragma once

#include "proxy/connection_target.h"
#include "proxy/upstream_key.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

// `route` is PolicySnapshot::route()'s for the target, and allows. The key is that of the requests that the same rule lets
// through, for any credential that is shown inside of requests only; a client certificate is shown at once, and is its own.
UpstreamKey key_of_route(const ConnectionTarget& target, const rules::PolicySnapshot& snapshot, const rules::Decision& route);

}  // namespace sallyport::proxy
