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
    // A field said so. HTTP/2 needs none: where one was missing, none is added on another HTTP/2 connection.
    bool is_declared = true;

    friend bool operator==(const BodyFraming&, const BodyFraming&) = default;
};

// As parsed: well-formed, not yet judged. `body` is the framing that the parser settled on; the fields it came from
// (Content-Length, Transfer-Encoding) are still in `headers`.
struct RequestHead {
    std::string method;
    std::string target;  // raw request-target, as received
    int version_major = 1;
    int version_minor = 1;
    HeaderMap headers;
    BodyFraming body;
    bool keep_alive = true;         // the client can take another response on this connection
    bool expect_continue = false;   // waits for 100 before it sends the body
    bool upgrade = false;           // asks for another protocol (Upgrade), or is CONNECT
    std::string protocol;           // of an extended CONNECT (RFC 8441), empty for none
    bool holds_secrets = false;     // to be written: no field of it may be kept in a compression table (RFC 7541 section 7.1)

    bool is_http_1_0() const { return version_major == 1 && version_minor == 0; }
    void clear();
};

struct ResponseHead {
    int status = 0;
    std::string reason;  // empty in HTTP/2
    int version_major = 1;
    int version_minor = 1;
    HeaderMap headers;
    BodyFraming body;
    bool keep_alive = true;  // the origin can take another request on this connection

    void clear();
};

}  // namespace sallyport::http
