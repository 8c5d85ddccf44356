// JSON at the border: what comes in is bounded and says each thing once, what goes out is printable. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::admin {

// One JSON value (RFC 8259) in valid UTF-8: no key twice in one object (readers differ in which one wins), no number that
// has no value, nesting and number of values bounded (admin/limits.h). bad_request, and where, otherwise.
Result<void> check_json(std::string_view text);

// The same JSON in printable ASCII: nothing in it can end a line, colour a terminal, or be taken for another line.
std::string printable_json(std::string json);

}  // namespace sallyport::admin
