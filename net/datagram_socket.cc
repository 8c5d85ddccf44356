#include "net/datagram_socket.h"

#include <sys/socket.h>

namespace sallyport::net {
namespace {

constexpr int kPacketsPerRoundMax = 32;
constexpr std::size_t kPacketBytesMax = 4096;

}  // namespace

DatagramSocket::DatagramSocket(Loop& loop, UniqueFd socket, std::function<std::string(std::string_view)> on_packet)
    : socket_(std::move(socket)),
      on_packet_(std::move(on_packet)),
      watch_(loop, socket_.get(), [this](int) { receive_some(); }) {
    watch_.want(FdWatch::kRead);
}

void DatagramSocket::receive_some() {
    char packet[kPacketBytesMax];
    for (int i = 0; i < kPacketsPerRoundMax; ++i) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const ssize_t got = recvfrom(socket_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&peer), &size);
        if (got < 0) return;
        const std::string answer = on_packet_({packet, static_cast<std::size_t>(got)});
        if (answer.empty()) continue;
        // A lost answer is asked for again: UDP's own terms.
        (void)sendto(socket_.get(), answer.data(), answer.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&peer), size);
    }
}

}  // namespace sallyport::net
