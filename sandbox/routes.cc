#include "sandbox/routes.h"

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

constexpr std::uint32_t kOverrideTable = 0x5a11;
constexpr std::uint32_t kOverridePriority = 1;  // after the local table's 0, before everything else

struct Request {
    nlmsghdr header{};
    union {
        rtmsg route;
        fib_rule_hdr rule;
    };
    char attributes[64]{};

    Request(std::uint16_t type, std::uint8_t family) : route{} {
        static_assert(sizeof(rtmsg) == sizeof(fib_rule_hdr));
        header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
        header.nlmsg_type = type;
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
Result<void> transact(const Request& request, const char* what) {
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

Result<void> add_loopback_route(std::uint8_t family, std::uint32_t table) {
    Request request(RTM_NEWROUTE, family);
    request.route.rtm_type = RTN_LOCAL;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.add(RTA_TABLE, table);
    request.add(RTA_OIF, ::if_nametoindex("lo"));
    return transact(request, "add the local default route");
}

Result<void> add_override_rule(std::uint8_t family) {
    Request request(RTM_NEWRULE, family);
    request.rule.action = FR_ACT_TO_TBL;
    request.add(FRA_TABLE, kOverrideTable);
    request.add(FRA_PRIORITY, kOverridePriority);
    return transact(request, "add the routing rule");
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
        if (auto added = add_loopback_route(family, RT_TABLE_MAIN); !added) return added;
    }
    return {};
}

Result<void> override_routes_with_loopback() {
    for (const std::uint8_t family : {AF_INET, AF_INET6}) {
        if (auto added = add_loopback_route(family, kOverrideTable); !added) return added;
        if (auto added = add_override_rule(family); !added) return added;
    }
    return {};
}

}  // namespace sallyport::sandbox
