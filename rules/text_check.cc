#include "rules/text_check.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

// Length of the UTF-8 sequence at the front, 0 where there is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (length == 0 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool is_overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool is_surrogate = first == 0xed && byte(1) >= 0xa0;
    const bool is_too_large = first == 0xf4 && byte(1) >= 0x90;
    return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

// C1 controls and what reorders text on a screen (CVE-2021-42574).
bool is_deceptive(std::string_view sequence) {
    if (sequence.size() == 2) return sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
    if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
    const auto second = static_cast<unsigned char>(sequence[1]);
    const auto third = static_cast<unsigned char>(sequence[2]);
    return (second == 0x80 && third >= 0xa8 && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

bool is_control(std::string_view text) {
    const char c = text[0];
    if (c == '\t' || c == '\n') return false;
    if (c == '\r') return !text.starts_with("\r\n");
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text) {
    if (text.size() > kFileBytesMax) return TextFault{{}, "the file is larger than 4 MiB"};
    Place place{1, 1};
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return TextFault{place, "the file is not UTF-8"};
        if (is_control(text) || is_deceptive(text.substr(0, length))) {
            return TextFault{place, "the file holds a control character"};
        }
        if (text[0] == '\n') {
            place = {place.line + 1, 1};
        } else {
            place.column += static_cast<int>(length);
        }
        text.remove_prefix(length);
    }
    return std::nullopt;
}

}  // namespace sallyport::rules
