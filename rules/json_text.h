// What stands between the quotes of a JSON string (RFC 8259 section 7).
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace sallyport::rules {

void append_json_escaped(Buffer& out, std::string_view text);

// `raw` as JsonScan has accepted it. False for half a surrogate pair, which no text is.
bool append_json_unescaped(Buffer& out, std::string_view raw);

}  // namespace sallyport::rules
