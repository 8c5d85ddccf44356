#include "sandbox/routes.h"

#include <netdb.h>

#include "sandbox/in_namespace.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

// Whether a datagram socket finds a route there; nothing is sent.
bool has_route(const std::string& address) {
    const Endpoint to = endpoint(address, 9);
    const UniqueFd fd(::socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return ::connect(fd.get(), &to.any, size_of(to)) == 0;
}

TEST(Routes, LeadEveryAddressToLoopback) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        EXPECT_TRUE(uplinks()->empty());
        if (auto up = set_link("lo", LinkState::up); !up) return up;
        EXPECT_FALSE(has_route("192.0.2.1"));
        EXPECT_FALSE(has_route("2001:db8::1"));
        if (auto routed = route_everything_to_loopback(); !routed) return routed;
        EXPECT_TRUE(has_route("192.0.2.1"));
        EXPECT_TRUE(has_route("2001:db8::1"));
        return {};
    }));
}

TEST(Routes, GoBeforeRulesOfAnyKind) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        EXPECT_EQ(std::system("ip link set lo up && ip rule add pref 1 blackhole && ip -6 rule add pref 1 blackhole"), 0);
        for (int i = 0; i < 2; ++i) {
            if (auto routed = route_everything_to_loopback(); !routed) return routed;
        }
        EXPECT_TRUE(has_route("192.0.2.1"));
        EXPECT_TRUE(has_route("2001:db8::1"));
        return {};
    }));
}

TEST(ResolverAddress, LetsNamesBeLookedUpForIpv4Alone) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        if (auto up = set_link("lo", LinkState::up); !up) return up;
        for (int i = 0; i < 2; ++i) {
            if (auto added = add_resolver_address(); !added) return added;
        }
        addrinfo hints{};
        hints.ai_family = AF_INET;
        hints.ai_flags = AI_ADDRCONFIG;
        addrinfo* found = nullptr;
        EXPECT_EQ(::getaddrinfo("localhost", nullptr, &hints, &found), 0);
        if (found != nullptr) ::freeaddrinfo(found);
        return {};
    }));
}

TEST(Routes, SayWhichLinkIsMissing) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        const auto set = set_link("nosuch0", LinkState::down);
        EXPECT_THAT(set.error().detail, ::testing::HasSubstr("nosuch0"));
        return {};
    }));
}

TEST(Uplinks, AreRefusedWhereOnePosesAsLoopback) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        EXPECT_EQ(std::system("ip link set lo name other && ip link add lo type veth peer name peer"), 0);
        EXPECT_THAT(uplinks().error().detail, ::testing::HasSubstr("loopback device"));
        return {};
    }));
}

}  // namespace
}  // namespace sallyport::sandbox
