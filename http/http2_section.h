// One field section of HTTP/2 (a head or trailers) as it is decoded, judged by RFC 9113 sections 8.2 and 8.3, and made the
// value that HTTP/1 would have given. nghttp2's own checks are switched off in favour of these: where they find something
// the stream is reset, and a client would hear of no reason. What it exports of them is used in here.
// Owned by one session: sections of two streams never mix on a connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/http2.h"
#include "http/message.h"

namespace sallyport::http {

class Http2Section {
public:
    enum class Kind { request, response, trailers };
    // Whether the frame that brought it ends the stream.
    enum class Ends { no, yes };

    explicit Http2Section(const Http2Limits& limits) : limits_(limits) {}

    void begin(Kind kind);
    // Keeps nothing more after the first fault.
    void add(std::string_view name, std::string_view value);
    // Of all fields, as RFC 9113 section 6.5.2 counts, whether they were kept or not.
    std::size_t decoded_bytes() const { return decoded_bytes_; }

    // After the last field. bad_request, bad_framing, bad_authority, bad_path, header_too_large or uri_too_long. The head is
    // overwritten.
    Result<void> finish_request(Scheme scheme, Ends ends, RequestHead& head);
    // The same codes, to be translated by whoever talks to an origin.
    Result<void> finish_response(std::string_view request_method, Ends ends, ResponseHead& head);
    Result<void> finish_trailers(Ends ends, HeaderMap& trailers);

private:
    struct Pseudo {
        std::optional<std::string> method, scheme, authority, path, protocol, status;
    };
    void fail(ErrorCode code, const char* why);
    void check_size(std::size_t bytes);
    void add_pseudo(std::string_view name, std::string_view value);
    void add_request_field(std::string_view name, std::string_view value);
    std::optional<std::string>* slot(std::string_view name);
    void check_connect();
    void check_target(Scheme scheme);
    void arrange_fields();
    void settle_request_body(Ends ends, BodyFraming& body);
    void settle_response_body(std::string_view request_method, Ends ends, int status, BodyFraming& body);
    std::optional<BodyFraming> declared_length(Ends ends);

    const Http2Limits limits_;
    Kind kind_ = Kind::request;
    HeaderMap fields_;
    Pseudo pseudo_;
    bool has_regular_ = false;
    std::optional<std::string> host_;
    std::string cookie_;
    std::size_t cookies_ = 0;
    std::size_t bytes_ = 0;
    std::size_t decoded_bytes_ = 0;
    std::size_t count_ = 0;
    std::optional<Error> fault_;
};

}  // namespace sallyport::http
