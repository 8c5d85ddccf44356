// Which characters a needle's unit may be, as itself and where it is escaped. For rules/needle_edges.h. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/needle.h"

namespace sallyport::rules::needle_edges {

inline std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

inline bool is_letter(std::uint32_t value) { return (value | 32) >= 'a' && (value | 32) <= 'z'; }
inline bool is_letter_or_digit(std::uint32_t value) { return is_letter(value) || (value >= '0' && value <= '9'); }

inline std::uint32_t code_unit(const Needle& needle, std::uint32_t unit) {
    return byte_at(needle.text, unit * 2) | byte_at(needle.text, unit * 2 + 1) << 8;
}

// The character that this unit and the next one stand for together, or 0.
inline std::uint32_t surrogate_pair(const Needle& needle, std::uint32_t unit) {
    const std::uint32_t high = code_unit(needle, unit);
    if (high < 0xd800 || high > 0xdbff || unit + 1 == needle.units) return 0;
    const std::uint32_t low = code_unit(needle, unit + 1);
    return low < 0xdc00 || low > 0xdfff ? 0 : 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

template <class Emit>
void for_each_base64_character(const Needle& needle, std::uint32_t unit, Emit emit) {
    const Sextet wanted = sextet(needle, unit);
    // Counts through the values of the bits that are not known.
    const std::uint8_t open = 63 & ~wanted.mask;
    for (std::uint8_t other = open;; other = (other - 1) & open) {
        const std::uint8_t value = wanted.bits | other;
        emit(static_cast<std::uint8_t>(kBase64Alphabet[value]));
        if (value >= 62) emit(static_cast<std::uint8_t>(kBase64UrlAlphabet[value]));
        if (other == 0) return;
    }
}

template <class Emit>
void for_each_case(std::uint8_t byte, bool is_recased, Emit emit) {
    emit(byte);
    if (is_recased && is_letter(byte)) emit(static_cast<std::uint8_t>(byte ^ 32));
}

// The bytes that a unit is where it is not escaped.
template <class Emit>
void for_each_plain(const Needle& needle, std::uint32_t unit, Emit emit) {
    switch (needle.form) {
        case Form::text: {
            const std::uint8_t byte = byte_at(needle.text, unit);
            for_each_case(byte, needle.text.size() >= kRecasedBytesMin, emit);
            if (byte == ' ') emit(std::uint8_t{'+'});
            return;
        }
        case Form::code_units:
            if (const auto value = code_unit(needle, unit); value < 0x80) emit(static_cast<std::uint8_t>(value));
            return;
        case Form::utf16_le:
        case Form::utf16_be: {
            const std::size_t at = needle.form == Form::utf16_le ? unit : unit ^ 1;
            const bool is_ascii = at % 2 == 0 && needle.text[at + 1] == 0;
            for_each_case(byte_at(needle.text, at), is_ascii && needle.text.size() >= 2 * kRecasedBytesMin, emit);
            return;
        }
        case Form::hex: {
            const std::uint8_t byte = byte_at(needle.text, unit / 2);
            for_each_case(static_cast<std::uint8_t>(kHexDigits[unit % 2 == 0 ? byte >> 4 : byte & 15]), true, emit);
            return;
        }
        default: for_each_base64_character(needle, unit, emit);
    }
}

// The characters that an escape may stand for here.
template <class Emit>
void for_each_escaped(const Needle& needle, std::uint32_t unit, Emit emit) {
    if (needle.form == Form::text) return emit(byte_at(needle.text, unit));
    if (needle.form == Form::code_units) {
        emit(code_unit(needle, unit));
        if (const std::uint32_t pair = surrogate_pair(needle, unit); pair != 0) emit(pair);
        return;
    }
    if (!is_base64(needle.form)) return;
    for_each_base64_character(needle, unit, [&](std::uint8_t c) {
        if (!is_letter_or_digit(c)) emit(c);
    });
}

}  // namespace sallyport::rules::needle_edges
