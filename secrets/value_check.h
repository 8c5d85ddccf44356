// What a secret's value may be, wherever it comes from: 1 byte to 64 KiB without control characters, for a line end in a
// header would be a second header. Only a key in PEM and a JSON object may hold line ends and tabs (what puts a value into
// a header looks again).
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret_string.h"

namespace sallyport::secrets {

inline constexpr std::size_t kSecretBytesMax = 64 * 1024;

// One trailing line end is removed. secret_unavailable where it cannot be a value; the detail says why, and nothing of it.
Result<SecretString> check_value(std::string_view value);

}  // namespace sallyport::secrets
