// Content codings by name (RFC 9110 section 8.4): what a response says it is coded with, and what a request may ask
// for, so that the answer can be read. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::http {

enum class ContentCoding { gzip, deflate, br, zstd };

std::string_view to_string(ContentCoding coding);

// Nobody stacks more.
inline constexpr std::size_t kCodingsMax = 3;

// A Content-Encoding value, several fields joined by ", ": in the order in which they were applied; "identity" is none.
// origin_bad_response for a coding that we cannot read, and for more than kCodingsMax.
Result<std::vector<ContentCoding>> parse_content_encoding(std::string_view value);

// The Accept-Encoding to send instead of the client's, several fields joined by ", ": what the client accepts and we
// can read, with its weights; "*" becomes those that it stands for. Where nothing is left, and for a request without
// the field, which would accept anything, it is "identity".
std::string narrow_accept_encoding(std::optional<std::string_view> value);

}  // namespace sallyport::http
