// A test program runs in PID, mount, IPC and network namespaces of its own, under a small init: whatever it starts and
// however it ends, nothing is left on the machine, and what it sees in /proc is its own doing.
#pragma once

#include <functional>

namespace sallyport::integration {

// Runs `body` in there and returns its result. The caller must be single-threaded.
int run_isolated(const std::function<int()>& body);

}  // namespace sallyport::integration
