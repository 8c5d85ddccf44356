// A secret as an origin may write it into a response: once in every way that is looked for, chosen at random. Written
// from the ways' own standards, not from what looks for them.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace sallyport::rules {

using Random = std::mt19937;

enum class Spelling {
    plain,
    recased,
    percent_all,
    percent_reserved,
    percent_mixed,
    json_all,
    json_mixed,
    json_slashes,
    html_decimal,
    html_hex,
    html_names,
    escapes_mixed,
    hex,
    base64,
    base64_url,
    base64_wrapped,
    base64_in_json,
    base64_in_form,
    utf16_le,
    utf16_be,
};
inline constexpr int kSpellings = static_cast<int>(Spelling::utf16_be) + 1;

struct Spelt {
    std::string text;
    // Which bytes of it hold bits of the secret.
    std::size_t begin = 0;
    std::size_t end = 0;
};

// Some have something before and behind the secret that was spelt along with it.
Spelt spell(Random& random, std::string_view secret, Spelling spelling);

inline constexpr std::string_view kTokenCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/=";

inline std::size_t pick(Random& random, std::size_t count) { return random() % count; }
std::string random_string(Random& random, std::string_view alphabet, std::size_t size);

std::string base64(std::string_view bytes);

}  // namespace sallyport::rules
