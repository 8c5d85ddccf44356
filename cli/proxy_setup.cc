#include "cli/proxy_setup.h"

#include <sys/socket.h>

#include "admin/server.h"
#include "net/address.h"

namespace sallyport::cli {
namespace {

bool is_path(const std::string& place) { return place.find('/') != std::string::npos; }

Result<std::string> bound_to(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return failure(ErrorCode::system, "getsockname");
    const auto endpoint = net::from_sockaddr(address);
    if (!endpoint) return failure(ErrorCode::system, "getsockname: no address");
    return net::to_string(*endpoint);
}

}  // namespace

Result<std::vector<ProxyListener>> open_proxy_listeners(const rules::ProxySpec& spec) {
    std::vector<ProxyListener> listeners;
    for (const std::string& place : spec.listen) {
        auto socket = is_path(place) ? admin::listen_unix(place, true) : admin::listen_tcp(place);
        if (!socket) return failure(socket.error().code, "proxy: " + socket.error().detail);
        auto bound = is_path(place) ? Result<std::string>(place) : bound_to(socket->get());
        if (!bound) return failure(bound.error());
        listeners.push_back({std::move(*socket), std::move(*bound)});
    }
    return listeners;
}

std::string proxy_url(const std::string& scheme, const std::string& place, const std::string& user, std::string_view password) {
    if (is_path(place)) return {};
    return scheme + "://" + user + ":" + std::string(password) + "@" + place;
}

}  // namespace sallyport::cli
