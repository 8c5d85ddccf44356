#include "sandbox/listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

constexpr int kBacklog = 4096;

struct Bound {
    UniqueFd fd;
    std::uint16_t port = 0;
};

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

Address loopback(int family) {
    Address address{};
    address.any.sa_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6) address.v6.sin6_addr = in6addr_loopback;
    return address;
}

// SO_REUSEADDR for TCP only: on UDP it would let a process inside take the port over.
bool set_options(int fd, int family, int type) {
    const int on = 1;
    if (type == SOCK_STREAM && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) return false;
    return family != AF_INET6 || ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
}

Result<Bound> bind_loopback(int family, int type) {
    Bound bound;
    bound.fd.reset(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!bound.fd) return system_failure("socket in the namespace");
    if (!set_options(bound.fd.get(), family, type)) return system_failure("socket options in the namespace");
    Address address = loopback(family);
    socklen_t size = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
    if (::bind(bound.fd.get(), &address.any, size) < 0) return system_failure("bind to the namespace's loopback");
    if (type == SOCK_STREAM && ::listen(bound.fd.get(), kBacklog) < 0) return system_failure("listen in the namespace");
    if (::getsockname(bound.fd.get(), &address.any, &size) < 0) return system_failure("getsockname");
    bound.port = ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return bound;
}

Result<void> open_one(int family, int type, UniqueFd& fd, std::uint16_t& port) {
    auto bound = bind_loopback(family, type);
    if (!bound) return failure(bound.error());
    fd = std::move(bound->fd);
    port = bound->port;
    return {};
}

}  // namespace

Result<Listeners> open_listeners() {
    Listeners all;
    auto done = open_one(AF_INET, SOCK_STREAM, all.tcp_v4, all.ports.tcp_v4);
    if (done) done = open_one(AF_INET6, SOCK_STREAM, all.tcp_v6, all.ports.tcp_v6);
    if (done) done = open_one(AF_INET, SOCK_DGRAM, all.dns_v4, all.ports.dns_v4);
    if (done) done = open_one(AF_INET6, SOCK_DGRAM, all.dns_v6, all.ports.dns_v6);
    if (!done) return failure(done.error());
    return all;
}

}  // namespace sallyport::sandbox
