// HTTP/1.x bytes to messages, over llhttp. No sockets, no clocks; owned by one connection. What llhttp 8.1.0 lets through
// and RFC 9112 does not (two Host fields, obs-fold, a bare CR, chunk extensions, ...) is refused here and in validate.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/codec.h"

namespace sallyport::http {

// Whether a request with this method can get past the parser and validate_request: what llhttp knows of HTTP, but CONNECT
// and TRACE.
bool is_supported_method(std::string_view method);
// All of those.
std::vector<std::string_view> supported_methods();

struct Http1Limits {
    std::size_t header_bytes_max = 64 * 1024;  // request line or status line, and all fields
    std::size_t header_count_max = 256;
    std::size_t target_bytes_max = 32 * 1024;
    std::size_t trailer_bytes_max = 8 * 1024;
};

class Http1RequestParser final {
public:
    // The sink outlives the parser.
    Http1RequestParser(RequestSink& sink, const Http1Limits& limits);
    ~Http1RequestParser();
    Http1RequestParser(const Http1RequestParser&) = delete;
    Http1RequestParser& operator=(const Http1RequestParser&) = delete;

    // Takes bytes from the front and returns how many: fewer than given where the sink paused inside a message (the rest
    // is given again to go on, and at least one byte is left for that), and always right after a message's end, so that
    // a pipelined request stays with the caller until it is wanted. A message's end is reported in the same call as its
    // last byte. After an error the parser is finished.
    Result<std::size_t> feed(std::string_view bytes);
    // The peer will send no more. client_gone unless it is between messages.
    Result<void> finish();
    // No byte of a next message was taken yet.
    bool between_messages() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

class Http1ResponseParser final {
public:
    Http1ResponseParser(ResponseSink& sink, const Http1Limits& limits);
    ~Http1ResponseParser();
    Http1ResponseParser(const Http1ResponseParser&) = delete;
    Http1ResponseParser& operator=(const Http1ResponseParser&) = delete;

    // Before each response: the method of the request that it answers (a response to HEAD has no body). feed() outside of
    // an awaited response is origin_bad_response: nobody asked.
    void await_response(std::string_view request_method);
    // As above. Errors carry origin_* codes.
    Result<std::size_t> feed(std::string_view bytes);
    // Ends a message that runs until close; anywhere else inside a message it is origin_closed.
    Result<void> finish();
    bool between_messages() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::http
