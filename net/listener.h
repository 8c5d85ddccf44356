// Accepts connections on a listening socket that somebody else opened. Owned by the sandbox's egress; one worker's.
#pragma once

#include <functional>

#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::net {

class Listener final {
public:
    // `socket` listens and does not block. Accepted descriptors do not block and have TCP_NODELAY.
    Listener(Loop& loop, UniqueFd socket, std::function<void(UniqueFd)> on_accept);

    // Accepts no more until resume(); connections wait in the kernel's queue.
    void pause();
    void resume();
    // For good: the kernel answers RST from now on.
    void close();

private:
    void accept_some();

    UniqueFd socket_;
    std::function<void(UniqueFd)> on_accept_;
    std::unique_ptr<FdWatch> watch_;
    Timer retry_;
};

}  // namespace sallyport::net
