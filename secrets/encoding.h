// How bytes are written in tokens, forms and URLs. Into buffers that their owner wipes: libraries leave copies behind.
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace sallyport::secrets {

// With padding (RFC 4648 section 4).
void append_base64(Buffer& out, std::string_view bytes);
// Without padding (RFC 4648 section 5).
void append_base64url(Buffer& out, std::string_view bytes);
// Either alphabet, with right padding or none. False for anything else, also for bits left over that are not 0.
bool decode_base64(std::string_view text, Buffer& out);
// Everything but RFC 3986's unreserved characters as %XX.
void append_percent(Buffer& out, std::string_view bytes);
// "&name=value", percent-encoded (application/x-www-form-urlencoded); without '&' at the beginning.
void append_form(Buffer& out, std::string_view name, std::string_view value);
// A JSON string with its quotes; bytes over 0x7f as they are.
void append_json(Buffer& out, std::string_view text);

}  // namespace sallyport::secrets
