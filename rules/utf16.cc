#include "rules/utf16.h"

#include <cstdint>

namespace sallyport::rules {
namespace {

constexpr std::uint32_t kNone = ~0u;

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

// How many bytes a character has that begins with this one, or 0 where none does.
std::size_t character_size(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Takes one character from the front; kNone where there is none.
std::uint32_t take_character(std::string_view& text) {
    const std::uint8_t lead = byte_at(text, 0);
    const std::size_t size = character_size(lead);
    if (size == 0 || text.size() < size) return kNone;
    std::uint32_t value = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte_at(text, i) & 0xc0) != 0x80) return kNone;
        value = value << 6 | (byte_at(text, i) & 0x3fu);
    }
    const bool is_too_long = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    if (is_too_long || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return kNone;
    text.remove_prefix(size);
    return value;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (take_character(text) == kNone) return false;
    }
    return true;
}

void append_unit(Buffer& out, std::uint32_t unit) {
    out.append(static_cast<char>(unit & 255));
    out.append(static_cast<char>(unit >> 8));
}

}  // namespace

void append_utf16_le(Buffer& out, std::string_view text) {
    if (!is_utf8(text)) {
        for (const char c : text) append_unit(out, static_cast<unsigned char>(c));
        return;
    }
    while (!text.empty()) {
        const std::uint32_t value = take_character(text);
        if (value < 0x10000) {
            append_unit(out, value);
        } else {
            append_unit(out, 0xd800 + ((value - 0x10000) >> 10));
            append_unit(out, 0xdc00 + (value & 0x3ff));
        }
    }
}

}  // namespace sallyport::rules
