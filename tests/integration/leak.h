// Looks for the test's secrets where they must not be: as they are, and in the encodings that a leak is likely to wear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::integration {

// Injected as X-Auth-Token, as Bearer, and as the Basic password; and another one for a second credential.
inline constexpr std::string_view kSecret = "canary-7Qz3vXk9TfLm2Rw8~Nb5/Hc1";
inline constexpr std::string_view kOtherSecret = "canary-second-Jd4kPq6sWy0Gx3Va";
// Of the AWS key whose secret is kSecret. No secret itself.
inline constexpr std::string_view kAwsKeyId = "AKIACANARY00EXAMPLE0";

// Raw; base64 at its three phases, plain and URL-safe; hex in both cases; percent-encoded, whole, where needed and every other
// character; JSON's escapes; HTML's numbers; UTF-16.
std::vector<std::string> encodings(std::string_view secret);
// The encodings of both secrets that `text` holds.
std::vector<std::string> leaks_in(std::string_view text);

}  // namespace sallyport::integration
