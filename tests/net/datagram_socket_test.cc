#include "net/datagram_socket.h"

#include <gtest/gtest.h>

#include "tests/net/loopback.h"

namespace sallyport::net {
namespace {

TEST(DatagramSocket, AnswersEachPacketToItsSender) {
    Loop loop;
    auto [socket, port] = bind_loopback(SOCK_DGRAM);
    int packets = 0;
    const DatagramSocket server(loop, std::move(socket), [&](std::string_view packet) {
        if (++packets == 3) loop.defer([&] { loop.stop(); });
        return packet == "silence" ? std::string() : "re: " + std::string(packet);
    });
    const UniqueFd first = dial_loopback(port, SOCK_DGRAM);
    const UniqueFd second = dial_loopback(port, SOCK_DGRAM);
    send(first.get(), "one", 3, 0);
    send(second.get(), "silence", 7, 0);
    send(second.get(), "two", 3, 0);
    loop.run();
    char answer[64];
    EXPECT_EQ(std::string(answer, static_cast<std::size_t>(recv(first.get(), answer, sizeof answer, MSG_DONTWAIT))), "re: one");
    EXPECT_EQ(std::string(answer, static_cast<std::size_t>(recv(second.get(), answer, sizeof answer, MSG_DONTWAIT))), "re: two");
    EXPECT_LT(recv(second.get(), answer, sizeof answer, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace sallyport::net
