// Addresses and networks as rules write them, compared as bytes. Both forms of an IPv4 address inside IPv6 that rules
// meet (mapped, NAT64) are folded, as http/authority.h folds a request's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::rules {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  // an IPv4 address is the first four
    bool is_v6 = false;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct Network {
    IpAddress address;
    int prefix_bits = 0;

    bool contains(const IpAddress& other) const;
};

// Plain dotted decimal or IPv6 without brackets. Allocates nothing.
std::optional<IpAddress> parse_ip(std::string_view text);

// "10.20.0.0/16", or an address alone. config_invalid with the reason in words, for bits beyond the prefix too.
Result<Network> parse_network(std::string_view text);
std::string to_string(const Network& network);

}  // namespace sallyport::rules
