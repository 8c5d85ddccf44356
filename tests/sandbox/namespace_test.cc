#include "sandbox/namespace.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "sandbox/routes.h"
#include "tests/sandbox/network.h"

namespace sallyport::sandbox {
namespace {

Result<NamespaceParts> attach(const std::string& name) {
    return close_and_attach(UniqueFd(::open(Network::path(name).c_str(), O_RDONLY | O_CLOEXEC)));
}

constexpr const char* kPeerAddresses[] = {"10.78.0.2", "fd78::2"};

TEST(NewNamespace, HoldsNothingButLoopback) {
    ASSERT_ROOT();
    const auto parts = make_namespace();
    ASSERT_OK(parts);
    ASSERT_OK(run_in_namespace(parts->kept.netns.get(), []() -> Result<void> {
        EXPECT_TRUE(uplinks()->empty());
        return {};
    }));
}

TEST(NewNamespace, LetsEveryoneBindLowPorts) {
    ASSERT_ROOT();
    const auto parts = make_namespace();
    ASSERT_OK(parts);
    ASSERT_OK(run_in_namespace(parts->kept.netns.get(), []() -> Result<void> {
        EXPECT_EQ(content_of("/proc/sys/net/ipv4/ip_unprivileged_port_start"), "0\n");
        return {};
    }));
}

TEST(AttachedNamespace, ReachesNobodyAnyMore) {
    ASSERT_ROOT();
    const Network network;
    const UniqueFd tcp = open_service(network.peer(), SOCK_STREAM);
    const UniqueFd udp = open_service(network.peer(), SOCK_DGRAM);
    for (const char* address : kPeerAddresses) {
        ASSERT_EQ(connect_error(network.router(), SOCK_STREAM, address, port_of(tcp)), 0) << address;
        ASSERT_TRUE(accept_one(tcp)) << address;
        ASSERT_EQ(connect_error(network.inside(), SOCK_STREAM, address, port_of(tcp)), 0) << "forwarded to " << address;
        ASSERT_TRUE(accept_one(tcp)) << address;
    }

    const auto parts = attach(network.router());
    ASSERT_OK(parts);
    for (const char* address : kPeerAddresses) {
        EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, address, port_of(tcp)), 0) << "to our listener";
        const UniqueFd caught = accept_one(address[0] == 'f' ? parts->listeners.tcp_v6 : parts->listeners.tcp_v4);
        EXPECT_EQ(original_destination(caught), std::string(address) + " " + std::to_string(port_of(tcp)));
        (void)connect_error(network.router(), SOCK_DGRAM, address, port_of(udp));
        EXPECT_NE(connect_error(network.inside(), SOCK_STREAM, address, port_of(tcp)), 0) << "forwarded to " << address;
    }
    EXPECT_FALSE(has_visitor(tcp));
    EXPECT_FALSE(has_visitor(udp));
}

// What root inside may try.
void tear_at_the_walls(const Network& network) {
    const std::string in = "ip -n " + network.router();
    (void)!std::system(("exec 2>/dev/null; ip netns exec " + network.router() + " nft flush ruleset; " + in + " link set up78 up; " +
                 in + " route flush table local; " + in + " -6 route flush table local; " + in +
                 " route replace default via 10.78.0.2; " + in + " -6 route replace default via fd78::2 dev up78")
                    .c_str());
}

TEST(AttachedNamespace, StaysClosedToRootInside) {
    ASSERT_ROOT();
    const Network network;
    const UniqueFd tcp = open_service(network.peer(), SOCK_STREAM);
    const UniqueFd udp = open_service(network.peer(), SOCK_DGRAM);
    auto parts = attach(network.router());
    ASSERT_OK(parts);
    for (const bool held : {true, false}) {
        if (!held) parts = failure(ErrorCode::system);
        tear_at_the_walls(network);
        for (const char* address : kPeerAddresses) {
            EXPECT_NE(connect_error(network.router(), SOCK_STREAM, address, port_of(tcp)), 0) << address << held;
            EXPECT_NE(connect_error(network.router(), SOCK_DGRAM, address, port_of(udp)), 0) << address << held;
            EXPECT_NE(connect_error(network.inside(), SOCK_STREAM, address, port_of(tcp)), 0) << "forwarded to " << address;
        }
        EXPECT_FALSE(has_visitor(tcp));
        EXPECT_FALSE(has_visitor(udp));
    }
}

// The rules do not stop a link from being taken elsewhere: it is not there to take.
TEST(AttachedNamespace, HasNoUplinkLeft) {
    ASSERT_ROOT();
    const Network network;
    const auto parts = attach(network.router());
    ASSERT_OK(parts);
    ASSERT_OK(run_in_namespace(parts->kept.netns.get(), []() -> Result<void> {
        const auto left = uplinks();
        EXPECT_TRUE(left);
        EXPECT_TRUE(left->empty()) << left->front();
        return {};
    }));
}

TEST(AttachedNamespace, StaysClosedWhenItsKeeperIsGone) {
    ASSERT_ROOT();
    const Network network;
    const UniqueFd tcp = open_service(network.peer(), SOCK_STREAM);
    ASSERT_OK(attach(network.router()));
    for (const char* address : kPeerAddresses) {
        EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, address, port_of(tcp)), ECONNREFUSED) << address;
    }
    EXPECT_FALSE(has_visitor(tcp));
}

TEST(AttachedNamespace, CanBeAttachedAgain) {
    ASSERT_ROOT();
    const Network network;
    ASSERT_OK(attach(network.router()));
    const auto again = attach(network.router());
    ASSERT_OK(again);
    EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, "192.0.2.7", 443), 0);
    EXPECT_EQ(original_destination(accept_one(again->listeners.tcp_v4)), "192.0.2.7 443");
}

TEST(AttachedNamespace, MayHaveNoUplinkAndNoIpv6) {
    ASSERT_ROOT();
    auto netns = run_in_new_namespace([]() -> Result<void> {
        shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ip link set lo up");
        return {};
    });
    ASSERT_OK(netns);
    const auto parts = close_and_attach(std::move(*netns));
    ASSERT_OK(parts);
    EXPECT_NE(parts->listeners.ports.tcp_v6, 0);
}

TEST(AttachedNamespace, IsGuardedByOneAtATime) {
    ASSERT_ROOT();
    const Network network;
    const auto parts = attach(network.router());
    ASSERT_OK(parts);
    const auto again = attach(network.router());
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, ErrorCode::config_invalid);
    EXPECT_THAT(again.error().detail, ::testing::HasSubstr("the namespace is guarded already"));
    EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, "192.0.2.7", 443), 0) << "the first guard still works";
}

std::vector<std::string> uplinks_of(int netns) {
    std::vector<std::string> names;
    EXPECT_TRUE(run_in_namespace(netns, [&names]() -> Result<void> {
        names = *uplinks();
        return {};
    }));
    return names;
}

// Bridges belong to their namespace; a macvlan is taken away before or after what it is made of.
TEST(AttachedNamespace, KeepsOnlyLinksThatCannotBeMovedAndLeadNowhere) {
    ASSERT_ROOT();
    const Network network;
    const std::string in = "ip -n " + network.router();
    shell(in + " link add br0 type bridge; " + in + " link set br0 up; " + in + " link set up77 master br0; " + in +
          " link add mac0 link up78 type macvlan; " + in + " link set mac0 up; " + in + " tuntap add dev tun0 mode tun; " +
          in + " link set tun0 up");
    const auto parts = attach(network.router());
    ASSERT_OK(parts);
    EXPECT_THAT(uplinks_of(parts->kept.netns.get()), ::testing::ElementsAre("br0"));
    for (const UniqueFd& place : parts->kept.parking) EXPECT_EQ(uplinks_of(place.get()).size(), 1u);
    shell("! " + in + " link show br0 up | grep -q . ; ! " + in + " link show master br0 | grep -q .");
    ASSERT_OK(close_and_attach(run_in_new_namespace([]() -> Result<void> {
                  shell("ip link add br0 type bridge; ip link set br0 up");
                  return {};
              }).value()));
}

// A tun's descriptor tells its holder the namespace that the tun is in.
TEST(AttachedNamespace, ParksEachUplinkAlone) {
    ASSERT_ROOT();
    const Network network;
    UniqueFd inside;
    Network::in(network.router(), [&] {
        inside.reset(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
        ifreq request{};
        request.ifr_flags = IFF_TUN | IFF_NO_PI;
        EXPECT_EQ(::ioctl(inside.get(), TUNSETIFF, &request), 0);
    });
    const auto parts = attach(network.router());
    ASSERT_OK(parts);
    const UniqueFd found(::ioctl(inside.get(), TUNGETDEVNETNS));
    ASSERT_TRUE(found);
    EXPECT_THAT(uplinks_of(found.get()), ::testing::ElementsAre("tun0"));
}

TEST(AttachedNamespace, IsRefusedWhereAnUplinkPosesAsLoopback) {
    ASSERT_ROOT();
    const Network network;
    const std::string in = "ip -n " + network.router();
    shell(in + " link set up78 down; " + in + " link set lo down; " + in + " link set lo name other; " + in +
          " link set up78 name lo; " + in + " link set lo up");
    const auto parts = attach(network.router());
    ASSERT_FALSE(parts.has_value());
    EXPECT_EQ(parts.error().code, ErrorCode::config_invalid);
}

}  // namespace
}  // namespace sallyport::sandbox
