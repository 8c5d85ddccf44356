#include "http/authority.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "http/characters.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
// A name in UTF-8 before it is mapped; longer ones cannot have a short form.
constexpr std::size_t kUnmappedBytesMax = 1024;

struct Idn2Free {
    void operator()(char* text) const { idn2_free(text); }
};
using Idn2String = std::unique_ptr<char, Idn2Free>;

constexpr int kIdnFlags = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT;

tl::unexpected<Error> bad(const char* why) { return failure(ErrorCode::bad_authority, why); }

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_' || c == '.';
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' && label.back() != '-';
}

// What the WHATWG URL standard and inet_aton take for a part of an IPv4 address.
bool is_number(std::string_view label) {
    if (std::all_of(label.begin(), label.end(), is_digit)) return true;
    return label.starts_with("0x") &&
           std::all_of(label.begin() + 2, label.end(), [](char c) { return hex_value(c) >= 0; });
}

Result<void> check_labels(std::string_view name) {
    if (name.empty() || name.size() > kNameBytesMax) return bad("a name of no length or too much");
    while (true) {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (!is_label(label)) return bad("a malformed label");
        if (dot == std::string_view::npos && is_number(label)) return bad("a number is not a name");
        if (dot == std::string_view::npos) return {};
        name.remove_prefix(dot + 1);
    }
}

Idn2String to_ascii(const char* name) {
    char* ascii = nullptr;
    return Idn2String(idn2_to_ascii_8z(name, &ascii, kIdnFlags) == IDN2_OK ? ascii : nullptr);
}

Idn2String to_unicode(const char* name) {
    char* unicode = nullptr;
    return Idn2String(idn2_to_unicode_8z8z(name, &unicode, kIdnFlags) == IDN2_OK ? unicode : nullptr);
}

bool has_a_label(std::string_view name) {
    return name.starts_with("xn--") || name.find(".xn--") != std::string_view::npos;
}

// Lower case, without its trailing dot. An A-label must be the one that its own Unicode form has.
Result<std::string> canonical_ascii(std::string_view host) {
    if (!std::all_of(host.begin(), host.end(), is_name_byte)) return bad("a byte that no name has");
    if (host.ends_with('.')) host.remove_suffix(1);
    std::string name(host);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (const auto checked = check_labels(name); !checked) return failure(checked.error());
    if (!has_a_label(name)) return name;
    const Idn2String unicode = to_unicode(name.c_str());
    const Idn2String ascii = unicode ? to_ascii(unicode.get()) : nullptr;
    if (!ascii || name != ascii.get()) return bad("an A-label without a Unicode form");
    return name;
}

Result<std::string> canonical_international(std::string_view host) {
    const bool plain = std::all_of(host.begin(), host.end(), [](char c) { return (c & 0x80) != 0 || is_name_byte(c); });
    if (!plain || host.size() > kUnmappedBytesMax) return bad("a byte that no name has");
    const Idn2String ascii = to_ascii(std::string(host).c_str());
    if (!ascii) return bad("a name without an ASCII form");
    return canonical_ascii(ascii.get());
}

std::string_view without_brackets(std::string_view host) {
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

std::string ipv4_text(const unsigned char* bytes) {
    char text[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, bytes, text, sizeof text);
}

// The IPv4 address inside an IPv6 one: mapped, compatible (but not :: and ::1), or NAT64.
const unsigned char* embedded_ipv4(const unsigned char (&bytes)[16]) {
    static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static constexpr unsigned char kNat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static constexpr unsigned char kZeros[15] = {};
    if (std::memcmp(bytes, kMapped, 12) == 0 || std::memcmp(bytes, kNat64, 12) == 0) return bytes + 12;
    const bool unspecified_or_loopback = std::memcmp(bytes, kZeros, 15) == 0 && bytes[15] <= 1;
    return std::memcmp(bytes, kZeros, 12) == 0 && !unspecified_or_loopback ? bytes + 12 : nullptr;
}

Result<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const bool plain =
        !text.empty() && text.size() <= 5 && text.front() != '0' && std::all_of(text.begin(), text.end(), is_digit);
    if (!plain) return bad("a malformed port");
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc()) return bad("a port above 65535");
    return port;
}

}  // namespace

Result<std::string> canonical_host(std::string_view host) {
    const bool ascii = std::all_of(host.begin(), host.end(), [](char c) { return (c & 0x80) == 0; });
    return ascii ? canonical_ascii(host) : canonical_international(host);
}

std::optional<std::string> canonical_ip_literal(std::string_view host) {
    const std::string_view bare = without_brackets(host);
    char text[INET6_ADDRSTRLEN];
    if (bare.size() >= sizeof text) return std::nullopt;
    *std::copy(bare.begin(), bare.end(), text) = '\0';
    // A NUL inside would end the text early.
    if (std::strlen(text) != bare.size()) return std::nullopt;
    unsigned char bytes[16];
    if (bare.size() == host.size() && inet_pton(AF_INET, text, bytes) == 1) return ipv4_text(bytes);
    if (inet_pton(AF_INET6, text, bytes) != 1) return std::nullopt;
    if (const unsigned char* const inside = embedded_ipv4(bytes)) return ipv4_text(inside);
    return inet_ntop(AF_INET6, bytes, text, sizeof text);
}

Result<Authority> parse_authority(std::string_view text, Scheme scheme) {
    const bool bracketed = text.starts_with('[');
    const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && host_end == std::string_view::npos) return bad("a bracket without its other");
    const std::string_view host = text.substr(0, bracketed ? host_end + 1 : host_end);
    const std::string_view rest = text.substr(host.size());
    Authority authority;
    authority.port = default_port(scheme);
    if (!rest.empty()) {
        if (rest.front() != ':') return bad("bytes behind an address");
        const auto port = parse_port(rest.substr(1));
        if (!port) return failure(port.error());
        authority.port = *port;
    }
    if (bracketed || (!host.empty() && is_digit(host.back()))) {
        if (auto address = canonical_ip_literal(host)) {
            authority.host = std::move(*address);
            authority.is_address = true;
            return authority;
        }
    }
    auto name = canonical_host(host);
    if (!name) return failure(name.error());
    authority.host = std::move(*name);
    return authority;
}

std::string to_string(const Authority& authority, Scheme scheme) {
    const bool bracketed = authority.is_address && authority.host.find(':') != std::string::npos;
    std::string text = bracketed ? "[" + authority.host + "]" : authority.host;
    if (authority.port != default_port(scheme)) text += ":" + std::to_string(authority.port);
    return text;
}

}  // namespace sallyport::http
