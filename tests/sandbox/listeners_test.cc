#include "sandbox/listeners.h"

#include "sandbox/in_namespace.h"
#include "sandbox/routes.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

Result<void> with_listeners(const std::function<void(const Listeners&)>& body) {
    auto netns = run_in_new_namespace([&]() -> Result<void> {
        if (auto up = set_link("lo", LinkState::up); !up) return up;
        const auto listeners = open_listeners();
        if (!listeners) return failure(listeners.error());
        body(*listeners);
        return {};
    });
    return netns ? Result<void>() : failure(netns.error());
}

TEST(Listeners, AreOnLoopbackOfBothFamilies) {
    ASSERT_ROOT();
    ASSERT_OK(with_listeners([](const Listeners& all) {
        EXPECT_EQ(port_of(all.tcp_v4), all.ports.tcp_v4);
        EXPECT_EQ(port_of(all.tcp_v6), all.ports.tcp_v6);
        EXPECT_EQ(port_of(all.dns_v4), all.ports.dns_v4);
        EXPECT_EQ(port_of(all.dns_v6), all.ports.dns_v6);
        for (const auto& [address, port] : {std::pair("127.0.0.1", all.ports.tcp_v4), std::pair("::1", all.ports.tcp_v6)}) {
            const Endpoint to = endpoint(address, port);
            const UniqueFd client(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
            EXPECT_EQ(::connect(client.get(), &to.any, size_of(to)), 0) << address;
        }
    }));
}

TEST(Listeners, CannotBeTakenOverFromInside) {
    ASSERT_ROOT();
    ASSERT_OK(with_listeners([](const Listeners& all) {
        for (const auto& [type, port] : {std::pair(SOCK_STREAM, all.ports.tcp_v4), std::pair(SOCK_DGRAM, all.ports.dns_v4)}) {
            const UniqueFd thief(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
            const int on = 1;
            ::setsockopt(thief.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
            ::setsockopt(thief.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
            const Endpoint at = endpoint("127.0.0.1", port);
            EXPECT_EQ(::bind(thief.get(), &at.any, size_of(at)), -1);
        }
    }));
}

TEST(Listeners, DoNotBlock) {
    ASSERT_ROOT();
    ASSERT_OK(with_listeners([](const Listeners& all) {
        EXPECT_EQ(::accept(all.tcp_v4.get(), nullptr, nullptr), -1);
        EXPECT_EQ(errno, EAGAIN);
    }));
}

}  // namespace
}  // namespace sallyport::sandbox
