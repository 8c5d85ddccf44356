#include "rules/listen_address.h"

#include <charconv>

namespace sallyport::rules {

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    const auto digits = text.substr(colon + 1);
    ListenAddress listen;
    const char* const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, listen.port) != std::from_chars_result{end, std::errc{}}) return std::nullopt;
    auto host = text.substr(0, colon);
    const bool has_brackets = host.starts_with('[') && host.ends_with(']');
    if (!has_brackets && host.find(':') != host.npos) return std::nullopt;
    if (has_brackets) host = host.substr(1, host.size() - 2);
    const auto address = parse_ip(host);
    if (!address) return std::nullopt;
    listen.address = *address;
    return listen;
}

bool is_loopback(const IpAddress& address) {
    if (!address.is_v6) return address.bytes[0] == 127;
    IpAddress one;
    one.is_v6 = true;
    one.bytes[15] = 1;
    return address == one;
}

}  // namespace sallyport::rules
