#include "rules/basic_value.h"

#include <array>
#include <cstdint>

#include "http/characters.h"
#include "http/header_map.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kScheme = "Basic ";

constexpr std::array<std::int8_t, 256> kValues = [] {
    constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
        values[static_cast<unsigned char>(kLetters[i])] = static_cast<std::int8_t>(i);
    }
    values['-'] = 62;
    values['_'] = 63;
    return values;
}();

}  // namespace

bool decode_base64(std::string_view text, Buffer& out) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return false;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int value = kValues[static_cast<unsigned char>(c)];
        if (value < 0) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out.append(static_cast<char>(bits >> count & 0xff));
    }
    return true;
}

std::optional<WipedBuffer> read_basic(std::string_view value) {
    value = http::trim(value);
    if (value.size() <= kScheme.size() || !http::equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    WipedBuffer pair;
    if (!decode_base64(http::trim(value.substr(kScheme.size())), pair)) return std::nullopt;
    return pair;
}

}  // namespace sallyport::rules
