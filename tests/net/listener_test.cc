#include "net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/net/loopback.h"

namespace sallyport::net {
namespace {

TEST(Listener, AcceptsEveryConnectionUntilItIsClosed) {
    Loop loop;
    auto [socket, port] = bind_loopback(SOCK_STREAM);
    std::vector<UniqueFd> accepted;
    Listener listener(loop, std::move(socket), [&](UniqueFd fd) {
        accepted.push_back(std::move(fd));
        if (accepted.size() == 3) loop.stop();
    });
    const UniqueFd clients[] = {dial_loopback(port), dial_loopback(port), dial_loopback(port)};
    loop.run();
    EXPECT_EQ(accepted.size(), 3u);
    EXPECT_NE(fcntl(accepted[0].get(), F_GETFL) & O_NONBLOCK, 0);
    listener.close();
    UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to{};
    const socklen_t size = to_sockaddr({*parse_address("127.0.0.1"), port}, to);
    EXPECT_NE(connect(late.get(), reinterpret_cast<sockaddr*>(&to), size), 0);
}

TEST(Listener, APausedListenerLetsConnectionsWait) {
    Loop loop;
    auto [socket, port] = bind_loopback(SOCK_STREAM);
    int accepted = 0;
    Listener listener(loop, std::move(socket), [&](UniqueFd) {
        ++accepted;
        loop.stop();
    });
    listener.pause();
    const UniqueFd client = dial_loopback(port);
    loop.defer([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(accepted, 0);
    listener.resume();
    loop.run();
    EXPECT_EQ(accepted, 1);
}

}  // namespace
}  // namespace sallyport::net
