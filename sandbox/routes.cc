#include "sandbox/routes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

// The sandbox's name server, as its resolv.conf says.
constexpr std::uint32_t kResolverAddress = 0xc6120001;  // 198.18.0.1
constexpr char kResolverLabel[] = "lo:sallyport";

struct RouteRequest {
    nlmsghdr header{};
    rtmsg route{};
    char attributes[32]{};

    explicit RouteRequest(std::uint8_t family) {
        header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
        header.nlmsg_type = RTM_NEWROUTE;
        header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        route.rtm_family = family;
    }

    void add(std::uint16_t type, std::uint32_t value) {
        rtattr attribute{};
        attribute.rta_type = type;
        attribute.rta_len = RTA_LENGTH(sizeof(value));
        char* end = reinterpret_cast<char*>(&header) + NLMSG_ALIGN(header.nlmsg_len);
        std::memcpy(end, &attribute, sizeof(attribute));
        std::memcpy(end + RTA_LENGTH(0), &value, sizeof(value));
        header.nlmsg_len = NLMSG_ALIGN(header.nlmsg_len) + attribute.rta_len;
    }
};

// What is there already is as good as made: attaching again after a crash finds our own.
Result<void> transact(const RouteRequest& request) {
    constexpr char what[] = "add the local default route";
    const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!fd) return system_failure("netlink socket");
    if (::send(fd.get(), &request, request.header.nlmsg_len, 0) < 0) return system_failure(what);
    alignas(nlmsghdr) char buffer[1024];
    const ssize_t count = ::recv(fd.get(), buffer, sizeof(buffer), 0);
    if (count < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return system_failure(what);
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer);
    if (answer->nlmsg_type != NLMSG_ERROR) return failure(ErrorCode::system, std::string(what) + ": no answer");
    const int error = -static_cast<const nlmsgerr*>(NLMSG_DATA(answer))->error;
    if (error != 0 && error != EEXIST) return system_failure(what, error);
    return {};
}

Result<void> add_loopback_route(std::uint8_t family) {
    RouteRequest request(family);
    request.route.rtm_table = RT_TABLE_LOCAL;
    request.route.rtm_type = RTN_LOCAL;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.add(RTA_OIF, ::if_nametoindex("lo"));
    return transact(request);
}

}  // namespace

Result<std::vector<std::string>> uplinks() {
    const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(::if_nameindex(), ::if_freenameindex);
    if (!all) return system_failure("list the interfaces");
    std::vector<std::string> names;
    for (const auto* each = all.get(); each->if_index != 0; ++each) {
        if (std::strcmp(each->if_name, "lo") != 0) names.emplace_back(each->if_name);
    }
    return names;
}

Result<void> set_link(const std::string& name, LinkState state) {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure("socket");
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) < 0) return system_failure("read the flags of " + name);
    const auto flags = static_cast<unsigned short>(request.ifr_flags);
    request.ifr_flags = static_cast<short>(state == LinkState::up ? flags | IFF_UP : flags & ~IFF_UP);
    if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) < 0) return system_failure("set the flags of " + name);
    return {};
}

Result<void> route_everything_to_loopback() {
    for (const std::uint8_t family : {AF_INET, AF_INET6}) {
        if (auto added = add_loopback_route(family); !added) return added;
    }
    return {};
}

Result<void> add_resolver_address() {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure("socket");
    ifreq request{};
    std::memcpy(request.ifr_name, kResolverLabel, sizeof(kResolverLabel));
    auto* address = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(kResolverAddress);
    if (::ioctl(fd.get(), SIOCSIFADDR, &request) < 0) return system_failure("add an address to lo");
    address->sin_addr.s_addr = INADDR_BROADCAST;
    if (::ioctl(fd.get(), SIOCSIFNETMASK, &request) < 0) return system_failure("set a netmask on lo");
    return {};
}

}  // namespace sallyport::sandbox
