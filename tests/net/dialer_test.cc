#include "net/dialer.h"

#include <gtest/gtest.h>

#include "tests/net/loopback.h"

namespace sallyport::net {
namespace {

Address at(const char* text) { return *parse_address(text); }

TEST(Dialer, AddressFamiliesTakeTurnsAndIPv6ComesFirst) {
    const std::vector<Address> mixed = interleave_families({at("1.1.1.1"), at("2.2.2.2"), at("3.3.3.3"), at("2001:db8::1")});
    const std::vector<Address> expected = {at("2001:db8::1"), at("1.1.1.1"), at("2.2.2.2"), at("3.3.3.3")};
    EXPECT_EQ(mixed, expected);
}

Result<UniqueFd> dial(std::vector<Address> addresses, std::uint16_t port) {
    Loop loop;
    Result<UniqueFd> outcome = failure(ErrorCode::internal);
    Dialer dialer(loop, std::move(addresses), port, std::chrono::milliseconds(5000), [&](Result<UniqueFd> fd) {
        outcome = std::move(fd);
        loop.stop();
    });
    loop.run();
    return outcome;
}

TEST(Dialer, ConnectsToTheAddressThatAnswers) {
    const auto [socket, port] = bind_loopback(SOCK_STREAM);
    // Nothing listens on the other loopback addresses: refused at once, and the next is tried without waiting.
    EXPECT_TRUE(dial({at("::1"), at("127.0.0.7"), at("127.0.0.1")}, port));
}

TEST(Dialer, SaysThatNoneAnswered) {
    std::uint16_t port = 0;
    {
        port = bind_loopback(SOCK_STREAM).second;
    }
    const auto outcome = dial({at("127.0.0.1"), at("127.0.0.2")}, port);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::connect_failed);
    EXPECT_NE(outcome.error().detail.find("refused"), std::string::npos) << outcome.error().detail;
    EXPECT_EQ(dial({}, port).error().code, ErrorCode::connect_failed);
}

TEST(Dialer, GivesUpAtItsDeadline) {
    // A listener whose queue is full: further connections hang.
    auto [socket, port] = bind_loopback(SOCK_STREAM);
    ASSERT_EQ(listen(socket.get(), 0), 0);
    std::vector<UniqueFd> fillers;
    for (int i = 0; i < 3; ++i) {
        UniqueFd filler(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_storage to{};
        const socklen_t size = to_sockaddr({at("127.0.0.1"), port}, to);
        (void)connect(filler.get(), reinterpret_cast<sockaddr*>(&to), size);
        fillers.push_back(std::move(filler));
    }
    Loop loop;
    Result<UniqueFd> outcome = UniqueFd();
    Dialer dialer(loop, {at("127.0.0.1")}, port, std::chrono::milliseconds(30), [&](Result<UniqueFd> fd) {
        outcome = std::move(fd);
        loop.stop();
    });
    loop.run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::connect_timeout);
}

TEST(Dialer, ADestroyedDialerDoesNotCallBack) {
    const auto [socket, port] = bind_loopback(SOCK_STREAM);
    Loop loop;
    {
        Dialer dialer(loop, {at("127.0.0.1")}, port, std::chrono::milliseconds(1000), [&](Result<UniqueFd>) { FAIL(); });
    }
    Timer end(loop, [&] { loop.stop(); });
    end.start(std::chrono::milliseconds(20));
    loop.run();
}

}  // namespace
}  // namespace sallyport::net
