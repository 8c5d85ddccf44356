// Messages to HTTP/1.1 bytes. What is written is what the value says: nothing of the peer's bytes is copied raw.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "http/codec.h"

namespace sallyport::http {

// What a client that asked (Expect: 100-continue) gets before the response.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// "METHOD target HTTP/1.1", the fields of `head.headers` in order, then the framing field that `head.body` asks for
// (callers have removed Content-Length, Transfer-Encoding and hop-by-hop fields; a `length` body writes Content-Length).
void write_request_head(Buffer& out, const RequestHead& head);
// The version written is always HTTP/1.1. Interim responses and `none` bodies write no framing field, except that a
// Content-Length already in `headers` (HEAD, 304) is kept as it is.
void write_response_head(Buffer& out, const ResponseHead& head);
// One chunk; nothing for an empty piece, which would be the last chunk.
void write_chunk(Buffer& out, std::string_view bytes);
// "0", the trailers, and the empty line.
void write_last_chunk(Buffer& out, const HeaderMap& trailers);

// The same, behind the interface that all versions share. The buffer outlives the writer.
class Http1RequestWriter final : public RequestWriter {
public:
    explicit Http1RequestWriter(Buffer& out) : out_(out) {}
    void write_head(const RequestHead& head) override;
    void write_body(std::string_view bytes) override;
    void write_end(const HeaderMap& trailers) override;

private:
    Buffer& out_;
    BodyKind body_ = BodyKind::none;
};

class Http1ResponseWriter final : public ResponseWriter {
public:
    explicit Http1ResponseWriter(Buffer& out) : out_(out) {}
    void write_interim(const ResponseHead& head) override;
    void write_head(const ResponseHead& head) override;
    void write_body(std::string_view bytes) override;
    void write_end(const HeaderMap& trailers) override;

private:
    Buffer& out_;
    BodyKind body_ = BodyKind::none;
};

}  // namespace sallyport::http
