// Requests and responses as values, whatever version of HTTP carried them.
#pragma once

#include <cstdint>
#include <string>

#include "http/header_map.h"

namespace sallyport::http {

enum class Scheme { http, https };

inline const char* to_string(Scheme scheme) { return scheme == Scheme::https ? "https" : "http"; }
inline std::uint16_t default_port(Scheme scheme) { return scheme == Scheme::https ? 443 : 80; }

// How the end of a message's content is known (RFC 9112 section 6.3).
enum class BodyKind { none, length, chunked, until_close };

struct BodyFraming {
    BodyKind kind = BodyKind::none;
    std::uint64_t length_bytes = 0;  // where kind is length

    friend bool operator==(const BodyFraming&, const BodyFraming&) = default;
};

// As parsed: well-formed, not yet judged. `body` is the framing that the parser settled on; the fields it came from
// (Content-Length, Transfer-Encoding) are still in `headers`.
struct RequestHead {
    std::string method;
    std::string target;  // raw request-target, as received
    int version_minor = 1;
    HeaderMap headers;
    BodyFraming body;
    bool keep_alive = true;         // the client can take another response on this connection
    bool expect_continue = false;   // waits for 100 before it sends the body
    bool upgrade = false;           // asks for another protocol (Upgrade), or is CONNECT

    void clear();
};

struct ResponseHead {
    int status = 0;
    std::string reason;
    int version_minor = 1;
    HeaderMap headers;
    BodyFraming body;
    bool keep_alive = true;  // the origin can take another request on this connection

    void clear();
};

}  // namespace sallyport::http
