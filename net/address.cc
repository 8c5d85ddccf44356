#include "net/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/check.h"

namespace sallyport::net {
namespace {

constexpr Network v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, int prefix_bits) {
    return {{{a, b, c, d}, true}, prefix_bits};
}

// By the first four groups; the rest is zero.
constexpr Network v6(std::uint16_t a, std::uint16_t b, std::uint16_t c, std::uint16_t d, int prefix_bits) {
    Network network{{{}, false}, prefix_bits};
    const std::uint16_t groups[] = {a, b, c, d};
    for (std::size_t i = 0; i < 4; ++i) {
        network.address.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
        network.address.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
    }
    return network;
}

constexpr Network mapped() {
    Network network = v6(0, 0, 0, 0, 96);
    network.address.bytes[10] = network.address.bytes[11] = 0xff;
    return network;
}

constexpr Network kMapped = mapped();
constexpr Network kCompatible = v6(0, 0, 0, 0, 96);
constexpr Network kNat64 = v6(0x64, 0xff9b, 0, 0, 96);
constexpr Network kNat64Local = v6(0x64, 0xff9b, 1, 0, 48);
constexpr Network k6to4 = v6(0x2002, 0, 0, 0, 16);
constexpr Network kUnspecifiedAndLoopback = v6(0, 0, 0, 0, 127);

constexpr Network kGlobalUnicast = v6(0x2000, 0, 0, 0, 3);
constexpr Network kIetfProtocols = v6(0x2001, 0, 0, 0, 23);  // Teredo and ORCHID among them

constexpr Network kPrivateV4[] = {
    v4(0, 0, 0, 0, 8),          // this network: Linux takes 0.0.0.0 for itself
    v4(10, 0, 0, 0, 8),         // RFC 1918
    v4(100, 64, 0, 0, 10),      // shared; 100.100.100.200 is Alibaba's metadata service
    v4(127, 0, 0, 0, 8),        // loopback
    v4(168, 63, 129, 16, 32),   // Azure's host
    v4(169, 254, 0, 0, 16),     // link-local; metadata services
    v4(172, 16, 0, 0, 12),      // RFC 1918
    v4(192, 0, 0, 0, 24),       // IETF protocol assignments
    v4(192, 168, 0, 0, 16),     // RFC 1918
    v4(198, 18, 0, 0, 15),      // benchmarking; our synthetic addresses
    v4(224, 0, 0, 0, 4),        // multicast
    v4(240, 0, 0, 0, 4),        // reserved, broadcast
};

Address from_v4(const in_addr& from) {
    Address address;
    std::memcpy(address.bytes.data(), &from, sizeof from);
    return address;
}

Address from_v6(const in6_addr& from) {
    Address address;
    address.is_v4 = false;
    std::memcpy(address.bytes.data(), &from, sizeof from);
    return address;
}

Address v4_of_bytes(const Address& address, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    const auto& bytes = address.bytes;
    return {{bytes[a], bytes[b], bytes[c], bytes[d]}, true};
}

// The local NAT64 prefix: RFC 6052 section 2.2 puts the address of a /48 around byte 8, but many a network uses a /96
// inside of it. What is all zero is not where the address is.
Address v4_around_byte_8(const Address& address) { return v4_of_bytes(address, 6, 7, 9, 10); }

bool is_private_v4(const Address& address) {
    return std::any_of(std::begin(kPrivateV4), std::end(kPrivateV4),
                       [&](const Network& network) { return contains(network, address); });
}

std::optional<Address> address_of(const sockaddr* from) {
    sockaddr_storage storage{};
    if (from == nullptr) return std::nullopt;
    if (from->sa_family == AF_INET) std::memcpy(&storage, from, sizeof(sockaddr_in));
    if (from->sa_family == AF_INET6) std::memcpy(&storage, from, sizeof(sockaddr_in6));
    const auto endpoint = from_sockaddr(storage);
    return endpoint ? std::optional(endpoint->address) : std::nullopt;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    // inet_pton() would stop at a NUL and take what comes before it.
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string copy(text);
    in_addr v4{};
    if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return from_v4(v4);
    in6_addr v6{};
    if (inet_pton(AF_INET6, copy.c_str(), &v6) == 1) return from_v6(v6);
    return std::nullopt;
}

std::string to_string(const Address& address) {
    char text[INET6_ADDRSTRLEN];
    const int family = address.is_v4 ? AF_INET : AF_INET6;
    SALLYPORT_CHECK(inet_ntop(family, address.bytes.data(), text, sizeof text) != nullptr);
    return text;
}

std::string to_string(const Endpoint& endpoint) {
    const std::string address = to_string(endpoint.address);
    return (endpoint.address.is_v4 ? address : '[' + address + ']') + ':' + std::to_string(endpoint.port);
}

Address fold(const Address& address) {
    if (address.is_v4) return address;
    if (contains(k6to4, address)) return v4_of_bytes(address, 2, 3, 4, 5);
    if (contains(kUnspecifiedAndLoopback, address)) return address;
    const Address last = v4_of_bytes(address, 12, 13, 14, 15);
    if (contains(kNat64Local, address)) return last == Address{} ? v4_around_byte_8(address) : last;
    const bool carries_v4 = contains(kMapped, address) || contains(kCompatible, address) || contains(kNat64, address);
    return carries_v4 ? last : address;
}

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out) {
    out = {};
    if (endpoint.address.is_v4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), sizeof v4.sin_addr);
        return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), sizeof v6.sin6_addr);
    return sizeof v6;
}

std::optional<Endpoint> from_sockaddr(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
        return Endpoint{from_v4(v4.sin_addr), ntohs(v4.sin_port)};
    }
    if (from.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
        return Endpoint{from_v6(v6.sin6_addr), ntohs(v6.sin6_port)};
    }
    return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const int bits_max = address->is_v4 ? 32 : 128;
    if (slash == std::string_view::npos) return Network{*address, bits_max};
    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (bits > static_cast<unsigned>(bits_max)) return std::nullopt;
    return Network{*address, static_cast<int>(bits)};
}

bool contains(const Network& network, const Address& address) {
    if (network.address.is_v4 != address.is_v4) return false;
    const auto whole = static_cast<std::size_t>(network.prefix_bits / 8);
    const int rest = network.prefix_bits % 8;
    const auto& ours = network.address.bytes;
    if (std::memcmp(ours.data(), address.bytes.data(), whole) != 0) return false;
    return rest == 0 || (ours[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

bool is_private(const Address& original) {
    const Address address = fold(original);
    if (address.is_v4 && is_private_v4(address)) return true;
    if (contains(kNat64Local, original)) {
        const Address other = v4_around_byte_8(original);
        return other != Address{} && is_private_v4(other);
    }
    return !address.is_v4 && (!contains(kGlobalUnicast, address) || contains(kIetfProtocols, address));
}

std::vector<Address> own_addresses() {
    std::vector<Address> addresses;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return addresses;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, &freeifaddrs);
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        if (const auto address = address_of(each->ifa_addr)) addresses.push_back(*address);
    }
    return addresses;
}

}  // namespace sallyport::net
