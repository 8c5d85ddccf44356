#include "rules/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "rules/diagnostics.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};

int width(const IpAddress& address) { return address.is_v6 ? 128 : 32; }

bool has_prefix(const IpAddress& address, const std::array<std::uint8_t, 12>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

Network fold(const Network& network) {
    const bool holds_v4 = network.address.is_v6 && network.prefix_bits >= 96 &&
                          (has_prefix(network.address, kMapped) || has_prefix(network.address, kNat64));
    if (!holds_v4) return network;
    Network folded{{}, network.prefix_bits - 96};
    std::copy_n(network.address.bytes.begin() + 12, 4, folded.address.bytes.begin());
    return folded;
}

void clear_beyond(Network& network) {
    for (int bit = network.prefix_bits; bit < width(network.address); ++bit) {
        network.address.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
    }
}

std::optional<int> parse_prefix(std::string_view digits, int bits_max) {
    int bits = 0;
    const bool is_plain = !digits.empty() && (digits == "0" || digits[0] != '0') && digits[0] != '-';
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool is_number = is_plain && error == std::errc{} && end == digits.data() + digits.size();
    return is_number && bits <= bits_max ? std::optional(bits) : std::nullopt;
}

}  // namespace

bool Network::contains(const IpAddress& other) const {
    if (address.is_v6 != other.is_v6) return false;
    const auto whole = static_cast<std::size_t>(prefix_bits / 8);
    if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
    if (prefix_bits % 8 == 0) return true;
    return ((address.bytes[whole] ^ other.bytes[whole]) >> (8 - prefix_bits % 8)) == 0;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    char terminated[INET6_ADDRSTRLEN] = {};
    if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
    text.copy(terminated, text.size());
    IpAddress address;
    if (inet_pton(AF_INET, terminated, address.bytes.data()) == 1) return address;
    address.is_v6 = true;
    if (inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
    return std::nullopt;
}

Result<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    const auto not_a_network = [&] { return quote(text) + " is not a network: write it as \"10.20.0.0/16\""; };
    if (!address) return failure(ErrorCode::config_invalid, not_a_network());
    Network network{*address, width(*address)};
    if (slash != text.npos) {
        const auto bits = parse_prefix(text.substr(slash + 1), network.prefix_bits);
        if (!bits) return failure(ErrorCode::config_invalid, not_a_network());
        network.prefix_bits = *bits;
    }
    clear_beyond(network);
    if (!(network.address == *address)) {
        return failure(ErrorCode::config_invalid,
                       quote(text) + " has bits beyond its prefix, did you mean " + quote(to_string(network)) + "?");
    }
    return fold(network);
}

std::string to_string(const Network& network) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(network.address.is_v6 ? AF_INET6 : AF_INET, network.address.bytes.data(), text, sizeof text);
    return std::string(text) + '/' + std::to_string(network.prefix_bits);
}

}  // namespace sallyport::rules
