// One Set-Cookie field's value, read as RFC 6265 section 5.2 says (and the name prefixes of its successor). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sallyport::proxy {

using CookieTime = std::chrono::system_clock::time_point;

// Views into the field's value.
struct SetCookie {
    std::string_view name;
    std::string_view value;
    std::optional<std::string_view> path;    // where it begins with '/'
    std::optional<std::string_view> domain;  // without a leading dot
    bool is_secure = false;
    std::optional<CookieTime> expires;  // of Max-Age, or else Expires; nullopt for a session's
};

// nullopt where there is no name, or where it is not what its name's prefix promises ("__Host-", "__Secure-").
std::optional<SetCookie> parse_set_cookie(std::string_view field, CookieTime now);

// RFC 6265 section 5.1.1, which is how all the formats that servers use are read.
std::optional<CookieTime> parse_cookie_date(std::string_view text);

// What a cookie without Path is for (section 5.1.4). `path` as requested.
std::string_view default_cookie_path(std::string_view path);
bool cookie_path_matches(std::string_view cookie_path, std::string_view path);
// Whether a server of `host` may speak for `domain` (section 5.1.3). `host` is canonical.
bool cookie_domain_matches(std::string_view domain, std::string_view host);

}  // namespace sallyport::proxy
