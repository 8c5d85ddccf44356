#include "network.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <regex>

#include "base/check.h"
#include "files.h"
#include "process.h"

namespace sallyport::integration {
namespace {

constexpr const char* kCountersTable = R"(
table inet tap {
  set v4 { type ipv4_addr . inet_proto . inet_service; size 65535; flags dynamic; }
  set v6 { type ipv6_addr . inet_proto . inet_service; size 65535; flags dynamic; }
  set other4 { type ipv4_addr . inet_proto; size 65535; flags dynamic; }
  set other6 { type ipv6_addr . inet_proto; size 65535; flags dynamic; }
  chain in {
    type filter hook prerouting priority -300;
    iif lo accept
    udp dport 53 ip daddr 203.0.113.53 accept
    meta l4proto { tcp, udp } add @v4 { ip daddr . meta l4proto . th dport } accept
    meta l4proto { tcp, udp } add @v6 { ip6 daddr . meta l4proto . th dport } accept
    icmpv6 type { 130-136, 143 } accept
    add @other4 { ip daddr . meta l4proto } accept
    add @other6 { ip6 daddr . meta l4proto } accept
  }
})";

std::string internet_setup(const std::vector<std::string>& addresses) {
    std::string batch = "link set lo up\nlink add down0 type veth peer name up0 netns " + std::to_string(getpid()) + "\n";
    batch += "addr add 192.0.2.1/24 dev down0\naddr add 2001:db8:ffff::1/64 dev down0 nodad\nlink set down0 up\n";
    for (const auto& address : addresses) {
        bool v6 = address.find(':') != std::string::npos;
        batch += "addr add " + address + (v6 ? "/128 dev lo nodad\n" : "/32 dev lo\n");
    }
    return batch;
}

std::string host_setup() {
    return std::string("link set lo up\n") + "addr add " + kHostAddress + "/24 dev up0\n" + "addr add " + kHostAddressV6 +
           "/64 dev up0 nodad\nlink set up0 up\nroute add default via 192.0.2.1\n"
           "route add ::/0 via 2001:db8:ffff::1\n";
}

UniqueFd this_namespace() { return UniqueFd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)); }

}  // namespace

UniqueFd Network::make_namespace() {
    UniqueFd home = this_namespace();
    SALLYPORT_CHECK(unshare(CLONE_NEWNET) == 0);
    UniqueFd made = this_namespace();
    SALLYPORT_CHECK(setns(home.get(), CLONE_NEWNET) == 0);
    return made;
}

std::string Network::command(int netns, const std::vector<std::string>& argv, const std::string& input) {
    static int number = 0;
    std::string files = "/run/setup-" + std::to_string(++number);
    Process process({.argv = argv, .input = input, .netns = netns}, files);
    if (process.wait() != 0) std::fprintf(stderr, "%s: %s\n", argv[0].c_str(), process.err().c_str());
    return process.out();
}

std::string Network::path_of(int netns) { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(netns); }

// Each one has names of its own: the kernel takes its time to remove those of a namespace that is gone.
Cable Network::connect(int netns) const {
    static int number = 0;
    std::string id = std::to_string(++number), v4 = "192.0." + std::to_string(number + 2) + ".",
                v6 = "2001:db8:" + id + "::";
    Cable cable{v4 + "2", v6 + "2", v4 + "1", v6 + "1"};
    std::string end = "cable" + id;
    command(internet(), {"ip", "-batch", "-"},
            "link add " + end + " type veth peer name eth0 netns " + path_of(netns) + "\naddr add " + cable.gateway +
                "/24 dev " + end + "\naddr add " + cable.gateway_v6 + "/64 dev " + end + " nodad\nlink set " + end +
                " up\n");
    configure(netns, cable);
    return cable;
}

void Network::configure(int netns, const Cable& cable) {
    command(netns, {"ip", "-batch", "-"},
            "link set lo up\naddr add " + cable.address + "/24 dev eth0\naddr add " + cable.address_v6 +
                "/64 dev eth0 nodad\nlink set eth0 up\nroute add default via " + cable.gateway + "\nroute add ::/0 via " +
                cable.gateway_v6 + "\n");
}

Network::Network(const std::vector<std::string>& addresses) : internet_(make_namespace()) {
    command(internet_.get(), {"ip", "-batch", "-"}, internet_setup(addresses));
    command(-1, {"ip", "-batch", "-"}, host_setup());
    command(internet_.get(), {"nft", "-f", "-"}, kCountersTable);
}

std::set<std::string> Network::reached() const {
    std::set<std::string> found;
    std::string listing = command(internet_.get(), {"nft", "-nn", "list", "table", "inet", "tap"});
    static const std::regex element(R"(([0-9a-f]*[.:][0-9a-f.:]+) \. (\w+)(?: \. (\d+))?)");
    for (std::sregex_iterator at(listing.begin(), listing.end(), element), end; at != end; ++at) {
        std::string protocol = (*at)[2] == "6" ? "tcp" : (*at)[2] == "17" ? "udp" : (*at)[2].str();
        found.insert((*at)[1].str() + " " + protocol + ((*at)[3].matched ? " " + (*at)[3].str() : ""));
    }
    return found;
}

void Network::forget() const {
    command(internet(), {"nft", "-f", "-"},
            "flush set inet tap v4\nflush set inet tap v6\nflush set inet tap other4\nflush set inet tap other6\n");
}

}  // namespace sallyport::integration
