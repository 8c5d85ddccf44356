// A field value that carries a user and a password in base64 (RFC 7617): read, and written again with others.
#pragma once

#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "rules/filled_template.h"

namespace sallyport::rules {

// "user:password" of "Basic dXNlcjpwYXNzd29yZA==", with or without padding. Nothing where the value is none, or is not
// base64 to its end.
std::optional<WipedBuffer> read_basic(std::string_view value);

// Standard or url-safe alphabet, padded or not; false where it is neither.
bool decode_base64(std::string_view text, Buffer& out);

}  // namespace sallyport::rules
