// IPv4 and IPv6 addresses and networks as values, and which of them are private. IPv4 inside IPv6 (mapped, compatible,
// NAT64 64:ff9b::/96 and 64:ff9b:1::/48, 6to4 2002::/16) is judged as the IPv4 address it carries.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::net {

struct Address {
    std::array<std::uint8_t, 16> bytes{};  // the first four where is_v4
    bool is_v4 = true;

    friend auto operator<=>(const Address&, const Address&) = default;
};

struct Endpoint {
    Address address;
    std::uint16_t port = 0;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Plain dotted decimal, or RFC 4291 text without zone or brackets.
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);
std::string to_string(const Endpoint& endpoint);

// The IPv4 address that an IPv6 one carries, or the address itself.
Address fold(const Address& address);

// For system calls. The length is what connect() and bind() want.
socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out);
std::optional<Endpoint> from_sockaddr(const sockaddr_storage& from);

struct Network {
    Address address;
    int prefix_bits = 0;
};

// "10.20.0.0/16"; a bare address is a network of one.
std::optional<Network> parse_network(std::string_view text);
bool contains(const Network& network, const Address& address);

// Not the public internet: loopback, link-local, RFC 1918, RFC 4193, shared (100.64/10), this-network (0/8), multicast,
// reserved (240/4), benchmarking (198.18/15, our own synthetic addresses), IETF protocol assignments, site-local, cloud
// metadata services outside those ranges (168.63.129.16, fd00:ec2::254, 100.100.100.200), and everything that is not
// global unicast in IPv6. Documentation ranges (192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32) count as public:
// nothing private lives there.
bool is_private(const Address& address);

// The addresses of this machine's interfaces as the kernel has them now (getifaddrs).
std::vector<Address> own_addresses();

}  // namespace sallyport::net
