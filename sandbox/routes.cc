#include "sandbox/routes.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/unique_fd.h"
#include "sandbox/rtnetlink.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

// Of the loopback device, in every namespace. Root inside may have given its name to an uplink.
constexpr unsigned kLoopbackIndex = 1;
// The sandbox's name server, as its resolv.conf says.
constexpr std::uint32_t kResolverAddress = 0xc6120001;  // 198.18.0.1
constexpr char kResolverLabel[] = "lo:sallyport";

// What is there already is as good as made: attaching again after a crash finds our own.
Result<void> add_loopback_route(std::uint8_t family) {
    constexpr char what[] = "add the local default route";
    rtmsg route{};
    route.rtm_family = family;
    route.rtm_table = RT_TABLE_LOCAL;
    route.rtm_type = RTN_LOCAL;
    route.rtm_scope = RT_SCOPE_HOST;
    route.rtm_protocol = RTPROT_STATIC;
    RtnetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
    request.add(RTA_OIF, ::if_nametoindex("lo"));
    const auto error = request.transact();
    if (!error) return failure(error.error());
    if (*error != 0 && *error != EEXIST) return system_failure(what, *error);
    return {};
}

}  // namespace

Result<std::vector<std::string>> uplinks() {
    const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(::if_nameindex(), ::if_freenameindex);
    if (!all) return system_failure("list the interfaces");
    char loopback[IF_NAMESIZE] = "";
    if (::if_indextoname(kLoopbackIndex, loopback) == nullptr || std::strcmp(loopback, "lo") != 0) {
        return failure(ErrorCode::config_invalid, "the namespace's loopback device is not called lo: give it its name back");
    }
    std::vector<std::string> names;
    for (const auto* each = all.get(); each->if_index != 0; ++each) {
        if (each->if_index != kLoopbackIndex) names.emplace_back(each->if_name);
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

Result<LinkMove> move_link(const std::string& name, int netns) {
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
    if (link.ifi_index == 0) return system_failure("find " + name);
    RtnetlinkRequest request(RTM_NEWLINK, 0, link);
    request.add(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
    const auto error = request.transact();
    if (!error) return failure(error.error());
    if (*error == EINVAL) return LinkMove::immovable;
    if (*error != 0) return system_failure("move " + name + " out of the namespace", *error);
    return LinkMove::moved;
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
