// One text that must not come back, in one of the forms in which an origin may quote it. A form is a sequence of units,
// and says which characters a unit may be; how a character may be escaped is in rules/needle_edges.h. Nothing of a form
// is stored: it is worked out from the text. Values; whoever makes a Needle keeps the text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::rules {

enum class Form : std::uint8_t {
    text,        // its bytes
    code_units,  // its UTF-16 code units, where some are not ASCII: what JSON and HTML escape
    utf16_le,
    utf16_be,
    hex,
    // Base64 where the text begins after 0, 1 or 2 bytes of a group of three: found in the base64 of anything that has
    // the text in it, "user:password" and a whole header field too. Standard and URL-safe alphabet; padding is no part
    // of it.
    base64_0,
    base64_1,
    base64_2,
};

struct Needle {
    std::string_view text;  // UTF-16, little endian, for code_units, utf16_le and utf16_be
    Form form = Form::text;
    std::uint32_t units = 0;
};

Needle make_needle(std::string_view text, Form form);

// No occurrence is longer.
std::size_t longest_bytes(const Needle& needle);

// Of base64's 64 values, a unit is those with (value & mask) == bits. The first and the last unit also hold bits of
// what stands before and after the text.
struct Sextet {
    std::uint8_t bits = 0;
    std::uint8_t mask = 0;
};
Sextet sextet(const Needle& needle, std::uint32_t unit);

inline constexpr char kBase64Alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr char kBase64UrlAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
inline constexpr char kHexDigits[] = "0123456789abcdef";

inline bool is_base64(Form form) { return form >= Form::base64_0; }

// A shorter text is found as it is spelt only; from here on also in other case, as HTTP/2 field names would have it.
inline constexpr std::size_t kRecasedBytesMin = 8;

}  // namespace sallyport::rules
