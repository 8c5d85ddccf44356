// The four sockets on a namespace's loopback at which the daemon serves it.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/redirect_table.h"

namespace sallyport::sandbox {

struct Listeners {
    UniqueFd tcp_v4;
    UniqueFd tcp_v6;
    UniqueFd dns_v4;
    UniqueFd dns_v6;
    RedirectPorts ports;
};

// In the namespace of the calling thread, where lo must be up; on ports that the kernel chooses.
Result<Listeners> open_listeners();

}  // namespace sallyport::sandbox
