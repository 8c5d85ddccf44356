// Sockets on loopback for tests of net/: ports are the kernel's choice.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace sallyport::net {

inline std::pair<UniqueFd, std::uint16_t> bind_loopback(int type, const char* address = "127.0.0.1") {
    sockaddr_storage storage{};
    socklen_t size = to_sockaddr({*parse_address(address), 0}, storage);
    UniqueFd fd(socket(storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    SALLYPORT_CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0);
    if (type == SOCK_STREAM) SALLYPORT_CHECK(listen(fd.get(), 16) == 0);
    SALLYPORT_CHECK(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    return {std::move(fd), from_sockaddr(storage)->port};
}

inline UniqueFd dial_loopback(std::uint16_t port, int type = SOCK_STREAM, const char* address = "127.0.0.1") {
    sockaddr_storage storage{};
    const socklen_t size = to_sockaddr({*parse_address(address), port}, storage);
    UniqueFd fd(socket(storage.ss_family, type | SOCK_CLOEXEC, 0));
    SALLYPORT_CHECK(connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0);
    return fd;
}

inline std::pair<UniqueFd, UniqueFd> stream_pair() {
    int pair[2];
    SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

}  // namespace sallyport::net
