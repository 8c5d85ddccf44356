// A bound UDP socket that somebody else opened: small questions in, small answers out. One worker's.
#pragma once

#include <functional>
#include <string_view>

#include "base/unique_fd.h"
#include "net/address.h"
#include "net/loop.h"

namespace sallyport::net {

class DatagramSocket final {
public:
    // `on_packet` is valid during the call only; an empty answer sends nothing.
    DatagramSocket(Loop& loop, UniqueFd socket, std::function<std::string(std::string_view packet)> on_packet);

private:
    void receive_some();

    UniqueFd socket_;
    std::function<std::string(std::string_view)> on_packet_;
    FdWatch watch_;
};

}  // namespace sallyport::net
