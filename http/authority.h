// The one canonical form of a host name, used by policy, DNS, SNI, Host, certificate and log alike: lower case, at most
// one trailing dot removed, UTS-46 A-labels (libidn2), letters, digits, '-' and '_' only. What has no such form is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sallyport::http {

// canonical_host(canonical_host(x)) == canonical_host(x). Errors: bad_authority. An IP literal in any spelling (dotted,
// decimal, octal, hex, bracketed, a last label that is numeric) is not a name and is refused: see parse_ip_literal.
Result<std::string> canonical_host(std::string_view host);

// An IPv4 address in plain dotted decimal or an IPv6 address (with or without brackets, without a zone), in canonical
// text; IPv4-mapped, IPv4-compatible and NAT64 (64:ff9b::/96) forms are folded to IPv4. Nothing for anything else.
std::optional<std::string> canonical_ip_literal(std::string_view host);

// What a Host field, an authority or an absolute-form target says. `host` is a canonical name, or a canonical address
// where `is_address`; `port` is the scheme's own where none is written.
struct Authority {
    std::string host;
    std::uint16_t port = 0;
    bool is_address = false;

    friend bool operator==(const Authority&, const Authority&) = default;
};

// Refuses userinfo, an empty host, an empty, zero or overlong port, and every byte that is not part of host or port.
Result<Authority> parse_authority(std::string_view text, Scheme scheme);
// As a Host field writes it: brackets for IPv6, no port where it is the scheme's own.
std::string to_string(const Authority& authority, Scheme scheme);

}  // namespace sallyport::http
