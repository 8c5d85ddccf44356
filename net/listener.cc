#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"
#include "net/connection.h"

namespace sallyport::net {
namespace {

// One busy listener must not starve the others on its worker.
constexpr int kAcceptsPerRoundMax = 16;
constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};

}  // namespace

Listener::Listener(Loop& loop, UniqueFd socket, std::function<void(UniqueFd)> on_accept)
    : socket_(std::move(socket)),
      on_accept_(std::move(on_accept)),
      watch_(std::make_unique<FdWatch>(loop, socket_.get(), [this](int) { accept_some(); })),
      retry_(loop, [this] { resume(); }) {
    resume();
}

void Listener::pause() {
    if (watch_) watch_->want(FdWatch::kNone);
}

void Listener::resume() {
    if (watch_) watch_->want(FdWatch::kRead);
}

void Listener::close() {
    retry_.stop();
    watch_.reset();
    socket_.reset();
}

void Listener::accept_some() {
    for (int i = 0; i < kAcceptsPerRoundMax && socket_; ++i) {
        UniqueFd accepted(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted) {
            set_no_delay(accepted.get());
            on_accept_(std::move(accepted));
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // The queue stays readable: without a pause this would spin.
            log(LogLevel::warning, "out of file descriptors: accepting pauses");
            pause();
            retry_.start(kOutOfDescriptorsPause);
        }
        return;
    }
}

}  // namespace sallyport::net
