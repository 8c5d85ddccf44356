#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "admin/server.h"
#include "net/address.h"

namespace sallyport::admin {
namespace {

constexpr int kBacklog = 64;

tl::unexpected<Error> refused(const std::string& what, const std::string& why) {
    return failure(ErrorCode::config_invalid, what + ": " + why);
}
tl::unexpected<Error> failed(const std::string& what) {
    return failure(ErrorCode::system, what + ": " + std::strerror(errno));
}

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return refused(path, "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// Only what nobody answers on is in the way; what is no socket is somebody's file.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode)) return refused(path, "is there already, and is not a socket");
    const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return failed(path);
    const bool answers = connect(probe.get(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED;
    if (answers) return refused(path, "another process serves there");
    if (unlink(path.c_str()) != 0) return failed(path);
    return {};
}

std::optional<net::Endpoint> parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string_view host(text.data(), colon);
    const bool has_brackets = host.starts_with('[') && host.ends_with(']');
    if (has_brackets) host = host.substr(1, host.size() - 2);
    const auto address = net::parse_address(host);
    if (!address || address->is_v4 == has_brackets) return std::nullopt;
    net::Endpoint endpoint{*address, 0};
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return endpoint;
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path, bool for_others) {
    const auto address = unix_address(path);
    if (!address) return tl::unexpected(address.error());
    if (auto removed = remove_stale(path, *address); !removed) return tl::unexpected(removed.error());
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || bind(fd.get(), generic(*address), sizeof *address) != 0) return failed(path);
    // Nobody can connect before listen(), so that the mode is never too wide.
    if (chmod(path.c_str(), for_others ? 0666 : 0600) != 0) return failed(path);
    if (listen(fd.get(), kBacklog) != 0) return failed(path);
    return fd;
}

Result<UniqueFd> listen_tcp(const std::string& address) {
    const auto endpoint = parse_endpoint(address);
    if (!endpoint) return refused(address, R"(is not an address and a port, as "127.0.0.1:8443")");
    sockaddr_storage storage{};
    const socklen_t size = net::to_sockaddr(*endpoint, storage);
    UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed(address);
    if (!endpoint->address.is_v4) (void)setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) return failed(address);
    if (listen(fd.get(), kBacklog) != 0) return failed(address);
    return fd;
}

}  // namespace sallyport::admin
