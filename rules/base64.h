// Base64 with padding (RFC 4648 section 4), into a buffer that its owner wipes: libraries leave copies behind.
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace sallyport::rules {

void append_base64(Buffer& out, std::string_view bytes);

}  // namespace sallyport::rules
