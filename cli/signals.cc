#include "cli/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "base/check.h"

namespace sallyport::cli {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
}

UniqueFd open_signalfd(std::initializer_list<int> signals) {
    const sigset_t set = set_of(signals);
    UniqueFd fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    SALLYPORT_CHECK(static_cast<bool>(fd));
    return fd;
}

}  // namespace

void block_signals(std::initializer_list<int> signals) {
    const sigset_t set = set_of(signals);
    SALLYPORT_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
    (void)::signal(SIGPIPE, SIG_IGN);
}

SignalWatch::SignalWatch(net::Loop& loop, std::initializer_list<int> signals, std::function<void(Signal)> on_signal)
    : fd_(open_signalfd(signals)), on_signal_(std::move(on_signal)), watch_(loop, fd_.get(), [this](int) {
          signalfd_siginfo info{};
          while (read(fd_.get(), &info, sizeof info) == sizeof info) {
              on_signal_({static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL});
          }
      }) {
    watch_.want(net::FdWatch::kRead);
}

}  // namespace sallyport::cli
