// Which version of HTTP a connection speaks, and what is chosen towards a client. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::proxy {

enum class Spoken { http1, http2 };

// As in ALPN (RFC 7301, RFC 9113 section 3.1).
inline constexpr std::string_view kAlpnHttp10 = "http/1.0";
inline constexpr std::string_view kAlpnHttp11 = "http/1.1";
inline constexpr std::string_view kAlpnHttp2 = "h2";

// `offered`: the client's list; empty where it has none, which means HTTP/1.1. The client takes either, so that it has to be
// told what the origin speaks.
bool depends_on_origin(const std::vector<std::string>& offered);

// What the origin speaks, where the client takes that. `origin`: nullopt where none is asked (what is refused, or answered
// here), or where it is not known: then HTTP/1.1, and HTTP/2 to who takes nothing else.
Spoken choose_spoken(const std::vector<std::string>& offered, std::optional<Spoken> origin);

}  // namespace sallyport::proxy
