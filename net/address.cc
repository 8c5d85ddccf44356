#include "net/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sallyport::net {
namespace {

Address from_v4(const in_addr& from) {
    Address address;
    std::memcpy(address.bytes.data(), &from, 4);
    return address;
}

Address from_v6(const in6_addr& from) {
    Address address;
    address.is_v4 = false;
    std::memcpy(address.bytes.data(), &from, 16);
    return address;
}

Address v4_at(const Address& address, std::size_t offset) {
    Address inner;
    std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(offset), 4, inner.bytes.begin());
    return inner;
}

bool any_contains(std::initializer_list<const char*> networks, const Address& address) {
    return std::any_of(networks.begin(), networks.end(), [&](const char* text) { return contains(*parse_network(text), address); });
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    const std::string copy(text);
    in_addr v4{};
    if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return from_v4(v4);
    in6_addr v6{};
    if (inet_pton(AF_INET6, copy.c_str(), &v6) == 1) return from_v6(v6);
    return std::nullopt;
}

std::string to_string(const Address& address) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(address.is_v4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text);
    return text;
}

std::string to_string(const Endpoint& endpoint) {
    const std::string address = to_string(endpoint.address);
    return (endpoint.address.is_v4 ? address : '[' + address + ']') + ':' + std::to_string(endpoint.port);
}

Address fold(const Address& address) {
    if (address.is_v4) return address;
    const auto is_in = [&](const char* network) { return contains(*parse_network(network), address); };
    if (is_in("::ffff:0:0/96") || is_in("64:ff9b::/96") || is_in("64:ff9b:1::/48")) return v4_at(address, 12);
    if (is_in("2002::/16")) return v4_at(address, 2);
    const bool low = address.bytes[12] == 0 && address.bytes[13] == 0 && address.bytes[14] == 0 && address.bytes[15] <= 1;
    if (is_in("::/96") && !low) return v4_at(address, 12);
    return address;
}

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out) {
    std::memset(&out, 0, sizeof out);
    if (endpoint.address.is_v4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), 4);
        return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), 16);
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
    int bits = -1;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || bits < 0 || bits > bits_max) return std::nullopt;
    return Network{*address, bits};
}

bool contains(const Network& network, const Address& address) {
    if (network.address.is_v4 != address.is_v4) return false;
    for (int bit = 0; bit < network.prefix_bits; bit += 8) {
        const auto index = static_cast<std::size_t>(bit / 8);
        const int left = std::min(8, network.prefix_bits - bit);
        const auto mask = static_cast<std::uint8_t>(0xff << (8 - left));
        if ((network.address.bytes[index] & mask) != (address.bytes[index] & mask)) return false;
    }
    return true;
}

bool is_private(const Address& original) {
    const Address address = fold(original);
    if (address.is_v4) {
        return any_contains({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                             "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
                             "168.63.129.16/32", "192.88.99.0/24"},
                            address);
    }
    return !any_contains({"2000::/3"}, address) || any_contains({"2001::/23"}, address);
}

std::vector<Address> own_addresses() {
    std::vector<Address> addresses;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return addresses;
    for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        if (each->ifa_addr->sa_family == AF_INET) addresses.push_back(from_v4(reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr));
        if (each->ifa_addr->sa_family == AF_INET6) addresses.push_back(from_v6(reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr));
    }
    freeifaddrs(list);
    return addresses;
}

}  // namespace sallyport::net
