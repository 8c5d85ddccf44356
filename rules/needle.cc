#include "rules/needle.h"

#include "rules/needle_edges.h"

namespace sallyport::rules {
namespace {

std::size_t phase_of(Form form) { return static_cast<std::size_t>(form) - static_cast<std::size_t>(Form::base64_0); }

// Of the four characters of a group, the text's first bit is in this one: bits 0, 8 and 16 are in those of 6 each.
std::size_t first_character(std::size_t phase) { return phase; }

std::size_t unit_count(std::string_view text, Form form) {
    switch (form) {
        case Form::code_units: return text.size() / 2;
        case Form::hex: return text.size() * 2;
        case Form::base64_0:
        case Form::base64_1:
        case Form::base64_2: {
            const std::size_t phase = phase_of(form);
            return text.empty() ? 0 : (8 * (phase + text.size()) - 1) / 6 - first_character(phase) + 1;
        }
        default: return text.size();
    }
}

}  // namespace

Needle make_needle(std::string_view text, Form form) {
    return {text, form, static_cast<std::uint32_t>(unit_count(text, form))};
}

std::size_t longest_bytes(const Needle& needle) {
    // "&#00000115;" and, for two of code_units, "&#00000128512;"; a line break between two of base64.
    constexpr std::size_t kEntity = sizeof("&#;") - 1 + kEntityZerosMax;
    switch (needle.form) {
        case Form::text: return needle.units * (kEntity + 3);
        case Form::code_units: return needle.units * (kEntity + 5);
        case Form::base64_0:
        case Form::base64_1:
        case Form::base64_2: return needle.units * (kEntity + 3 + kLineBreakBytesMax);
        default: return needle.units;
    }
}

Sextet sextet(const Needle& needle, std::uint32_t unit) {
    const std::size_t phase = phase_of(needle.form);
    const std::size_t bit = (first_character(phase) + unit) * 6;
    std::uint32_t bits = 0;
    std::uint32_t mask = 0;
    for (std::size_t i = bit / 8; i < bit / 8 + 2; ++i) {
        const bool is_known = i >= phase && i - phase < needle.text.size();
        bits = bits << 8 | (is_known ? static_cast<unsigned char>(needle.text[i - phase]) : 0u);
        mask = mask << 8 | (is_known ? 255u : 0u);
    }
    const std::size_t shift = 10 - bit % 8;
    return {static_cast<std::uint8_t>(bits >> shift & 63), static_cast<std::uint8_t>(mask >> shift & 63)};
}

}  // namespace sallyport::rules
