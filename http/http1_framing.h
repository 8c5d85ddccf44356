// What the fields of an HTTP/1.x message say about where its body ends and whether the connection goes on
// (RFC 9112 sections 6 and 9.3). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace sallyport::http {

// One pass over the fields.
struct FramingFields {
    std::size_t content_lengths = 0;
    std::optional<std::uint64_t> content_length;  // of the last field, where it is a plain number
    std::size_t transfer_encodings = 0;
    bool chunked = false;  // the last Transfer-Encoding is exactly that
    bool close = false;
    bool keep_alive = false;
    bool names_upgrade = false;  // in Connection
    bool has_upgrade = false;
    std::size_t expectations = 0;
    bool expects_continue = false;  // the last Expect is exactly that
};

FramingFields read_framing_fields(const HeaderMap& headers);

// Digits only, no leading zero (some readers take that for octal), and small enough to be added to.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// `none` where no field says anything. Nothing where two readers could disagree: both fields, either one repeated or
// malformed, a coding other than chunked, or any coding in HTTP/1.0.
std::optional<BodyFraming> declared_framing(const FramingFields& fields, int version_minor);

bool keeps_alive(const FramingFields& fields, int version_minor);

}  // namespace sallyport::http
