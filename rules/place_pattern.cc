#include "rules/place_pattern.h"

#include <algorithm>
#include <charconv>

#include "http/authority.h"
#include "http/path.h"
#include "rules/diagnostics.h"

namespace sallyport::rules {
namespace {

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
    return failure(ErrorCode::config_invalid, quote(text) + " is not a place: " + std::string(why));
}

// What requests are compared in is the canonical form.
Result<std::optional<Glob>> parse_path(std::string_view text) {
    if (text.empty() || text == "/**") return std::optional<Glob>();
    if (text.find_first_of("?#") != text.npos) return failure(ErrorCode::config_invalid, "the path ends before '?'");
    const auto target = http::canonical_target(text);
    if (!target || target->ambiguous) return failure(ErrorCode::config_invalid, "no request has such a path");
    auto glob = Glob::compile(target->path, GlobKind::path);
    if (!glob) return failure(glob.error());
    return std::optional<Glob>(std::move(*glob));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return is_whole && port > 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

bool PlacePattern::holds(const Origin& origin) const {
    if (origin.scheme != scheme || origin.port != port) return false;
    if (origin.is_address || !host) return origin.is_address && !host && origin.host == address;
    return matches(*host, origin.host);
}

Result<PlacePattern> parse_place_pattern(std::string_view text) {
    PlacePattern place;
    std::string_view rest = text;
    if (rest.starts_with("http://")) place.scheme = http::Scheme::http;
    if (const auto scheme = rest.find("://"); scheme != rest.npos) {
        if (rest.substr(0, scheme) != http::to_string(place.scheme)) return bad(text, "it is for https or http");
        rest.remove_prefix(scheme + 3);
    }
    place.port = http::default_port(place.scheme);
    const auto slash = std::min(rest.find('/'), rest.size());
    auto path = parse_path(rest.substr(slash));
    if (!path) return bad(text, path.error().detail);
    place.path = std::move(*path);
    std::string_view host = rest.substr(0, slash);
    // The colons of an IPv6 address are inside brackets.
    if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) {
        const auto port = parse_port(host.substr(colon + 1));
        if (!port) return bad(text, "a port is 1 to 65535");
        place.port = *port;
        host = host.substr(0, colon);
    }
    if (auto literal = http::canonical_ip_literal(host)) {
        place.address = std::move(*literal);
        return place;
    }
    auto pattern = parse_host_pattern(host);
    if (!pattern) return bad(text, pattern.error().detail);
    place.host = std::move(*pattern);
    return place;
}

}  // namespace sallyport::rules
