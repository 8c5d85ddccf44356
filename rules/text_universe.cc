#include "rules/text_universe.h"

#include <cstring>

#include "http/characters.h"
#include "http/path.h"

namespace sallyport::rules {
namespace {

using http::character_class::kPathChar;
using http::character_class::kUnreserved;

// Where a path is: these decide whether a segment could be read as a dot segment, or is empty.
enum Segment : std::uint8_t { kBeforePath, kEmpty, kDot, kTwoDots, kOther };

constexpr std::string_view kPreferred =
    "xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW-_~!$&'()*+,=:@. ;";

Symbol plain(char c) { return {{c, '\0', '\0'}, 1}; }

Symbol encoded(int byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    return {{'%', kDigits[byte >> 4], kDigits[byte & 15]}, 3};
}

// Of those that a canonical path holds in encoded form.
bool stays_encoded(int byte) {
    const bool is_ambiguous = byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\';
    return !is_ambiguous && !http::has_class(static_cast<char>(byte), kUnreserved);
}

bool has_character(Universe universe, int byte) {
    if (universe == Universe::path) return http::has_class(static_cast<char>(byte), kPathChar);
    if (universe == Universe::query_value) return byte != 0;
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// A letter that no pattern names stands for all of them; NUL where every character is named.
char find_unnamed(Universe universe, const Characters& named) {
    for (const char c : kPreferred) {
        const auto byte = static_cast<unsigned char>(c);
        // Not those that the universe itself has an eye on.
        const bool is_special = c == '.' || c == ';' || c == ' ';
        if (!named[byte] && !is_special && has_character(universe, byte)) return c;
    }
    return '\0';
}

// Follows the bytes of UTF-8 (RFC 3629), as http/path.cc does.
bool take_byte(UniverseState& state, int byte) {
    if (state.missing > 0) {
        if (byte < state.low || byte > state.high) return false;
        --state.missing;
        state.low = 0x80;
        state.high = 0xbf;
        return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xc2 || byte > 0xf4) return false;
    state.missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte == 0xe0) state.low = 0xa0;
    if (byte == 0xed) state.high = 0x9f;
    if (byte == 0xf0) state.low = 0x90;
    if (byte == 0xf4) state.high = 0x8f;
    return true;
}

int byte_of(const Symbol& symbol) {
    if (symbol.size == 1) return static_cast<unsigned char>(symbol.bytes[0]);
    return http::hex_value(symbol.bytes[1]) * 16 + http::hex_value(symbol.bytes[2]);
}

// "%25" and two hexadecimal digits could be decoded twice.
bool take_percent(UniverseState& state, const Symbol& symbol, int byte) {
    if (symbol.size == 3) {
        state.percent = byte == '%' ? 1 : 0;
        return true;
    }
    if (state.percent == 0) return true;
    if (http::hex_value(symbol.bytes[0]) < 0) {
        state.percent = 0;
        return true;
    }
    return ++state.percent < 3;
}

bool advance_path(UniverseState& state, const Symbol& symbol) {
    const int byte = byte_of(symbol);
    if (state.segment == kBeforePath) {
        state.segment = kEmpty;
        return symbol.size == 1 && byte == '/';
    }
    const bool is_dots = state.segment == kDot || state.segment == kTwoDots;
    if (symbol.size == 1 && byte == '/') {
        if (state.segment == kEmpty || is_dots || state.missing > 0) return false;
        state = start_of(Universe::path);
        state.segment = kEmpty;
        return true;
    }
    if (is_dots && byte == ';') return false;
    if (!take_byte(state, byte) || !take_percent(state, symbol, byte)) return false;
    const bool is_dot = symbol.size == 1 && byte == '.';
    if (is_dot && state.segment == kEmpty) {
        state.segment = kDot;
    } else {
        state.segment = is_dot && state.segment == kDot ? kTwoDots : kOther;
    }
    return true;
}

// kEmpty, then kOther, and kDot behind a space.
bool advance_field(UniverseState& state, const Symbol& symbol) {
    const bool is_space = symbol.bytes[0] == ' ' || symbol.bytes[0] == '\t';
    if (is_space && state.segment == kEmpty) return false;
    state.segment = is_space ? kDot : kOther;
    return true;
}

std::vector<Symbol> all_symbols(Universe universe) {
    std::vector<Symbol> symbols;
    for (const char c : kPreferred) {
        if (has_character(universe, static_cast<unsigned char>(c))) symbols.push_back(plain(c));
    }
    for (int byte = 0; byte < 256; ++byte) {
        const bool is_listed = kPreferred.find(static_cast<char>(byte)) != kPreferred.npos;
        if (!is_listed && has_character(universe, byte)) symbols.push_back(plain(static_cast<char>(byte)));
    }
    if (universe != Universe::path) return symbols;
    for (int byte = 0; byte < 256; ++byte) {
        if (stays_encoded(byte)) symbols.push_back(encoded(byte));
    }
    return symbols;
}

}  // namespace

std::uint64_t UniverseState::packed() const {
    std::uint64_t word = 0;
    for (const std::uint8_t part : {segment, percent, missing, low, high}) word = word << 8 | part;
    return word;
}

UniverseState UniverseState::unpacked(std::uint64_t word) {
    UniverseState state;
    for (std::uint8_t* part : {&state.high, &state.low, &state.missing, &state.percent, &state.segment}) {
        *part = static_cast<std::uint8_t>(word & 0xff);
        word >>= 8;
    }
    return state;
}

std::vector<Symbol> symbols_of(Universe universe, const Characters& named) {
    // A '%' that is not named is like any other character, and what follows it too.
    const bool needs_encoded = universe == Universe::path && named['%'];
    const char unnamed = find_unnamed(universe, named);
    if (needs_encoded || unnamed == '\0') return all_symbols(universe);
    std::vector<Symbol> symbols{plain(unnamed)};
    for (int byte = 1; byte < 256; ++byte) {
        const bool matters = named[static_cast<std::size_t>(byte)] || (universe == Universe::path && byte == '/');
        if (matters && has_character(universe, byte)) symbols.push_back(plain(static_cast<char>(byte)));
    }
    return symbols;
}

UniverseState start_of(Universe universe) {
    UniverseState state;
    state.segment = universe == Universe::path ? kBeforePath : kEmpty;
    return state;
}

bool advance(Universe universe, UniverseState& state, const Symbol& symbol) {
    if (universe == Universe::path) return advance_path(state, symbol);
    return universe == Universe::query_value || advance_field(state, symbol);
}

bool may_end(Universe universe, const UniverseState& state) {
    if (universe == Universe::query_value) return true;
    if (universe == Universe::field_value) return state.segment != kDot;
    const bool is_dots = state.segment == kDot || state.segment == kTwoDots;
    return state.segment != kBeforePath && !is_dots && state.missing == 0;
}

bool is_in(Universe universe, std::string_view text) {
    switch (universe) {
        case Universe::query_value: return text.find('\0') == text.npos;
        case Universe::field_value: return http::is_field_value(text) && http::trim(text) == text;
        case Universe::path: break;
    }
    const auto target = http::canonical_target(text);
    return target && !target->ambiguous && !target->has_query && target->path == text;
}

}  // namespace sallyport::rules
