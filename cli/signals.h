// Signals as events on the control loop (signalfd). Threads made later inherit the blocked mask, so that only the control
// thread hears of them.
#pragma once

#include <functional>
#include <initializer_list>

#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::cli {

struct Signal {
    int number = 0;
    // The terminal (or the kernel) sent it to the whole foreground group, not somebody to this process.
    bool from_kernel = false;
};

// Before threads. Blocked signals wait for the watch.
void block_signals(std::initializer_list<int> signals);

class SignalWatch final {
public:
    SignalWatch(net::Loop& loop, std::initializer_list<int> signals, std::function<void(Signal)> on_signal);

private:
    UniqueFd fd_;
    std::function<void(Signal)> on_signal_;
    net::FdWatch watch_;
};

}  // namespace sallyport::cli
