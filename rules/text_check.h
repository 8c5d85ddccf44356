// What a configuration's bytes must be before any parser sees them. yaml-cpp ends its input at a byte 04, guesses
// UTF-16 and takes a lone CR for a line end that it does not count: what a reviewer sees must be what is loaded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/diagnostics.h"

namespace sallyport::rules {

struct TextFault {
    Place place;
    std::string message;
};

// At most 4 MiB of UTF-8 without control characters other than tab, LF and CRLF.
std::optional<TextFault> find_text_fault(std::string_view text);

}  // namespace sallyport::rules
