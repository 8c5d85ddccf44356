// A needle as an automaton: from a state, which bytes lead on, and where to. The same function says what a needle can
// begin with and follows it through a response, so that the two cannot disagree. Every unit may be written as itself or
// escaped, each for itself (percent-encoding, JSON, HTML), where its form allows escapes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/needle_units.h"

namespace sallyport::rules {

// "&#0000115;": more zeros than anybody writes, and still a bound.
inline constexpr unsigned kEntityZerosMax = 5;
// Between two characters of base64: CR, LF, or both in this order, as they are or as "\r" and "\n".
inline constexpr unsigned kLineBreakBytesMax = 4;

enum class Token : std::uint8_t {
    none,         // between two units
    percent,      // after "%"
    backslash,    // after "\"
    unicode,      // after "\u"
    ampersand,    // after "&"
    number,       // after "&#"
    decimal,      // within "&#115"
    hexadecimal,  // after "&#x"
    name,         // within "&quot"
    semicolon,    // after an entity: ";" may come
};

struct NeedleState {
    std::uint32_t unit = 0;   // how many are behind us
    std::uint32_t value = 0;  // what the token stands for
    Token token = Token::none;
    std::uint8_t step = 0;  // how many digits or letters of it are behind us
    std::uint8_t zeros = 0;
    std::uint8_t breaks = 0;  // 1 after CR, 2 after LF

    friend bool operator==(const NeedleState&, const NeedleState&) = default;
};

inline bool is_whole(const Needle& needle, const NeedleState& state) { return state.unit == needle.units; }

namespace needle_edges {

inline NeedleState in_token(const NeedleState& from, std::uint32_t value, Token token, unsigned step = 0,
                            unsigned zeros = 0) {
    return {from.unit, value, token, static_cast<std::uint8_t>(step), static_cast<std::uint8_t>(zeros), from.breaks};
}

// Only base64 lets a line break through, which is no unit of it.
inline bool is_line_break(const Needle& needle, std::uint32_t value) {
    return is_base64(needle.form) && (value == '\r' || value == '\n');
}

inline std::uint8_t breaks_after(std::uint32_t value) { return value == '\r' ? 1 : 2; }

inline NeedleState behind(const Needle& needle, const NeedleState& from, std::uint32_t value, Token token) {
    if (is_line_break(needle, value)) return {from.unit, 0, Token::none, 0, 0, breaks_after(value)};
    return {from.unit + (value > 0xffff ? 2 : 1), 0, token};
}

template <class Emit>
void emit_hex_digit(std::uint32_t digit, const NeedleState& next, Emit emit) {
    for_each_case(static_cast<std::uint8_t>(kHexDigits[digit & 15]), true, [&](std::uint8_t c) { emit(c, next); });
}

template <class Emit>
void leave_by_plain(const Needle& needle, const NeedleState& state, Emit emit) {
    if (is_whole(needle, state)) return;
    for_each_plain(needle, state.unit, [&](std::uint8_t c) { emit(c, NeedleState{state.unit + 1}); });
}

// What leave_by_escape() emits.
inline bool begins_escape(std::uint8_t c) { return c == '%' || c == '\\' || c == '&' || c == '\r' || c == '\n'; }

template <class Emit>
void leave_by_escape(const Needle& needle, const NeedleState& state, Emit emit) {
    if (is_whole(needle, state)) return;
    for_each_escaped(needle, state.unit, [&](std::uint32_t value) {
        if (value < (needle.form == Form::code_units ? 0x80u : 0x100u)) {
            emit(std::uint8_t{'%'}, in_token(state, value, Token::percent));
        }
        if (value <= 0xffff) emit(std::uint8_t{'\\'}, in_token(state, value, Token::backslash));
        emit(std::uint8_t{'&'}, in_token(state, value, Token::ampersand));
    });
    if (!is_base64(needle.form) || state.unit == 0) return;
    for (const std::uint8_t c : {std::uint8_t{'\r'}, std::uint8_t{'\n'}}) {
        if (state.breaks >= breaks_after(c)) continue;
        emit(c, behind(needle, state, c, Token::none));
        emit(std::uint8_t{'\\'}, in_token(state, c, Token::backslash));
    }
}

// What stands after "\" for a character, or 0.
inline std::uint8_t short_escape(std::uint32_t value) {
    switch (value) {
        case '\t': return 't';
        case '\n': return 'n';
        case '\r': return 'r';
        case '/':
        case '\\':
        case '"':
        case '\'': return static_cast<std::uint8_t>(value);
        default: return 0;
    }
}

inline std::string_view entity_name(std::uint32_t value) {
    switch (value) {
        case '&': return "amp";
        case '<': return "lt";
        case '>': return "gt";
        case '"': return "quot";
        case '\'': return "apos";
        default: return {};
    }
}

struct Digits {
    std::uint8_t count = 0;
    std::uint8_t digit[8];  // the last one first
};

inline Digits digits_of(std::uint32_t value, std::uint32_t base) {
    Digits digits;
    do {
        digits.digit[digits.count++] = static_cast<std::uint8_t>(value % base);
        value /= base;
    } while (value != 0);
    return digits;
}

template <class Emit>
void leave_number(const Needle& needle, const NeedleState& state, Token token, Emit emit) {
    const Digits digits = digits_of(state.value, token == Token::decimal ? 10 : 16);
    if (state.step == 0 && state.zeros < kEntityZerosMax) {
        emit(std::uint8_t{'0'}, in_token(state, state.value, token, 0, state.zeros + 1u));
    }
    const unsigned step = state.step + 1u;
    const NeedleState next = step == digits.count ? behind(needle, state, state.value, Token::semicolon)
                                                  : in_token(state, state.value, token, step, state.zeros);
    emit_hex_digit(digits.digit[digits.count - step], next, emit);
}

template <class Emit>
void leave_name(const Needle& needle, const NeedleState& state, Emit emit) {
    const std::string_view name = entity_name(state.value);
    if (name.empty()) return;
    const unsigned step = state.step + 1u;
    emit(byte_at(name, state.step), step == name.size() ? behind(needle, state, state.value, Token::semicolon)
                                                        : in_token(state, state.value, Token::name, step));
}

}  // namespace needle_edges

// Calls emit(byte, next state) for every byte that leads on; several states may follow one byte.
template <class Emit>
void for_each_edge(const Needle& needle, const NeedleState& state, Emit emit) {
    using namespace needle_edges;
    const std::uint32_t value = state.value;
    switch (state.token) {
        case Token::semicolon: emit(std::uint8_t{';'}, NeedleState{state.unit}); [[fallthrough]];
        case Token::none:
            leave_by_plain(needle, state, emit);
            return leave_by_escape(needle, state, emit);
        case Token::percent:
            return emit_hex_digit(state.step == 0 ? value >> 4 : value,
                                  state.step == 0 ? in_token(state, value, Token::percent, 1)
                                                  : behind(needle, state, value, Token::none),
                                  emit);
        case Token::backslash:
            if (!is_line_break(needle, value)) emit(std::uint8_t{'u'}, in_token(state, value, Token::unicode));
            if (const std::uint8_t c = short_escape(value); c != 0) emit(c, behind(needle, state, value, Token::none));
            return;
        case Token::unicode:
            return emit_hex_digit(value >> (12 - 4 * state.step),
                                  state.step < 3 ? in_token(state, value, Token::unicode, state.step + 1u)
                                                 : behind(needle, state, value, Token::none),
                                  emit);
        case Token::ampersand:
            emit(std::uint8_t{'#'}, in_token(state, value, Token::number));
            return leave_name(needle, state, emit);
        case Token::number:
            emit(std::uint8_t{'x'}, in_token(state, value, Token::hexadecimal));
            emit(std::uint8_t{'X'}, in_token(state, value, Token::hexadecimal));
            return leave_number(needle, state, Token::decimal, emit);
        case Token::decimal:
        case Token::hexadecimal: return leave_number(needle, state, state.token, emit);
        case Token::name: return leave_name(needle, state, emit);
    }
}

// Whether `byte` leads on from here as itself only, which nearly every byte does: then to the next unit or nowhere.
inline bool is_plain_step(const NeedleState& state, std::uint8_t byte) {
    return state.token == Token::none && !needle_edges::begins_escape(byte);
}
inline bool leads_on(const Needle& needle, std::uint32_t unit, std::uint8_t byte) {
    if (needle.form == Form::text && needle_edges::byte_at(needle.text, unit) == byte) return true;
    bool is_found = false;
    needle_edges::for_each_plain(needle, unit, [&](std::uint8_t wanted) { is_found |= wanted == byte; });
    return is_found;
}

}  // namespace sallyport::rules
