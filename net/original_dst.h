// Where a redirected connection was meant to go, as the kernel's connection tracking remembers it (SO_ORIGINAL_DST).
#pragma once

#include "base/result.h"
#include "net/address.h"

namespace sallyport::net {

// Fails (system) for a connection that was not redirected: someone dialled the listener itself.
Result<Endpoint> original_destination(int fd);

}  // namespace sallyport::net
