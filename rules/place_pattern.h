// A set of places that requests go to, as somebody would write it: "api.github.com/**", "*.example.com:8443/v1/*". A
// host or a pattern of hosts, perhaps a port (else the scheme's own), perhaps a path pattern (else every path). https
// unless it begins with "http://".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/glob.h"
#include "rules/host_pattern.h"
#include "rules/request_search.h"

namespace sallyport::rules {

struct PlacePattern {
    http::Scheme scheme = http::Scheme::https;
    std::optional<HostPattern> host;  // nothing for an address
    std::string address;              // canonical
    std::uint16_t port = 443;
    std::optional<Glob> path;  // nothing for every path, and "*" and ambiguous ones too

    // Host, scheme and port only.
    bool holds(const Origin& origin) const;
};

// config_invalid, with the reason in words.
Result<PlacePattern> parse_place_pattern(std::string_view text);

}  // namespace sallyport::rules
