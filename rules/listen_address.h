// Where a section of the file says that the daemon listens: "127.0.0.1:8443", "[::1]:8443". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rules/network.h"

namespace sallyport::rules {

struct ListenAddress {
    IpAddress address;
    std::uint16_t port = 0;  // 0: whichever is free
};

// An address, not a name; IPv6 in brackets.
std::optional<ListenAddress> parse_listen_address(std::string_view text);
bool is_loopback(const IpAddress& address);

}  // namespace sallyport::rules
