// A text as UTF-16. Pure.
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace sallyport::rules {

// Little endian. Bytes that are not UTF-8 (RFC 3629) throughout are taken for ISO 8859-1, one character each.
void append_utf16_le(Buffer& out, std::string_view text);

}  // namespace sallyport::rules
