// Which bytes HTTP allows where (RFC 9110 section 5.6, RFC 3986 section 2). Loops without early exit are on purpose: the
// compiler makes them vectors, and what is checked is nearly always right.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::http {

namespace character_class {

inline constexpr std::uint8_t kToken = 1;
inline constexpr std::uint8_t kUnreserved = 2;
inline constexpr std::uint8_t kPathChar = 4;  // pchar without "%", and "/"

constexpr std::array<std::uint8_t, 256> make_table() {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&](std::string_view bytes, std::uint8_t bits) {
        for (const char c : bytes) table[static_cast<unsigned char>(c)] |= bits;
    };
    mark("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", kToken | kUnreserved | kPathChar);
    mark("!#$%&'*+-.^_`|~", kToken);
    mark("-._~", kUnreserved | kPathChar);
    mark("!$&'()*+,;=:@/", kPathChar);
    return table;
}

inline constexpr std::array<std::uint8_t, 256> kTable = make_table();

}  // namespace character_class

inline bool has_class(char c, std::uint8_t bits) {
    return (character_class::kTable[static_cast<unsigned char>(c)] & bits) != 0;
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The value of a hexadecimal digit, or -1.
inline int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

inline bool is_token(std::string_view text) {
    std::uint8_t all = character_class::kToken;
    for (const char c : text) all &= character_class::kTable[static_cast<unsigned char>(c)];
    return all != 0 && !text.empty();
}

// Visible characters, space, tab, and obs-text: no CR, LF, NUL or other control.
inline bool is_field_value(std::string_view text) {
    unsigned bad = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        bad |= static_cast<unsigned>(byte < 0x20 && byte != '\t') | static_cast<unsigned>(byte == 0x7f);
    }
    return bad == 0;
}

// Printable ASCII, from `first` (0x20 or 0x21) on.
inline bool is_printable(std::string_view text, unsigned char first) {
    unsigned bad = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        bad |= static_cast<unsigned>(byte < first) | static_cast<unsigned>(byte > 0x7e);
    }
    return bad == 0;
}

inline std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Calls `visit` with each element of a comma-separated list (RFC 9110 section 5.6.1), without the empty ones.
template <class Visit>
void for_each_list_element(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view element = trim(list.substr(0, comma));
        if (!element.empty()) visit(element);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace sallyport::http
