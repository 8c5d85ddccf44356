// A head or trailers as the fields of a HEADERS frame, in the form that nghttp2 takes (it copies them, names in lower case).
// Views into what it was made from. What belongs to HTTP/1 connections is left out, and the reason of a response.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sallyport::http {

// A message of which the HEADERS frame is the last: there is nothing more to say.
inline bool is_empty(const BodyFraming& body) {
    return body.kind == BodyKind::none || (body.kind == BodyKind::length && body.length_bytes == 0);
}

class Http2FieldList {
public:
    // With `upgrade` set: an extended CONNECT (RFC 8441). Where the head holds secrets, no field that could be one is ever
    // put into a compression table, here or further on.
    Http2FieldList(const RequestHead& head, Scheme scheme);
    explicit Http2FieldList(const ResponseHead& head);
    explicit Http2FieldList(const HeaderMap& trailers);
    Http2FieldList(const Http2FieldList&) = delete;
    Http2FieldList& operator=(const Http2FieldList&) = delete;

    const nghttp2_nv* data() const { return fields_.data(); }
    std::size_t size() const { return fields_.size(); }

private:
    enum class Indexing { allowed, never };
    using Digits = std::array<char, 20>;
    void add(std::string_view name, std::string_view value, Indexing indexing = Indexing::allowed);
    std::string_view path_of(const RequestHead& head);
    void add_all(const HeaderMap& headers);
    void add_number(std::string_view name, std::uint64_t value, Digits& digits);
    void add_length(const BodyFraming& body);

    std::vector<nghttp2_nv> fields_;
    Digits status_digits_;
    Digits length_digits_;
    std::string path_;  // where the head has none in this form
};

}  // namespace sallyport::http
