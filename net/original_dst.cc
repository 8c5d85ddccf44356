#include "net/original_dst.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace sallyport::net {
namespace {

// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, whose headers clash with <netinet/in.h>.
constexpr int kOriginalDst = 80;

std::optional<Endpoint> ask(int fd, int level, int option) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockopt(fd, level, option, &storage, &size) != 0) return std::nullopt;
    return from_sockaddr(storage);
}

std::optional<Endpoint> local_endpoint(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
    return from_sockaddr(storage);
}

}  // namespace

Result<Endpoint> original_destination(int fd) {
    const auto local = local_endpoint(fd);
    if (!local) return failure(ErrorCode::system, "the connection has no local address");
    const auto meant = ask(fd, local->address.is_v4 ? IPPROTO_IP : IPPROTO_IPV6, kOriginalDst);
    // Connection tracking knows direct connections too, and then answers with the listener's own address.
    if (!meant || *meant == *local) return failure(ErrorCode::system, "the connection was not redirected");
    return *meant;
}

}  // namespace sallyport::net
