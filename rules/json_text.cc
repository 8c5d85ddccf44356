#include "rules/json_text.h"

#include "http/characters.h"

namespace sallyport::rules {
namespace {

void append_utf8(Buffer& out, char32_t c) {
    const auto put = [&](char32_t byte) { out.append(static_cast<char>(byte)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) {
        put(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            put(0xe0 | c >> 12);
        } else {
            put(0xf0 | c >> 18);
            put(0x80 | (c >> 12 & 0x3f));
        }
        put(0x80 | (c >> 6 & 0x3f));
    }
    put(0x80 | (c & 0x3f));
}

// "XXXX" of "\uXXXX", which is taken from `raw`.
char32_t take_unit(std::string_view& raw) {
    char32_t unit = 0;
    for (std::size_t i = 2; i < 6; ++i) unit = unit << 4 | static_cast<char32_t>(http::hex_value(raw[i]));
    raw.remove_prefix(6);
    return unit;
}

bool append_unicode(Buffer& out, std::string_view& raw) {
    const char32_t unit = take_unit(raw);
    if (unit < 0xd800 || unit >= 0xe000) {
        append_utf8(out, unit);
        return true;
    }
    if (unit >= 0xdc00 || !raw.starts_with("\\u")) return false;
    const char32_t low = take_unit(raw);
    if (low < 0xdc00 || low >= 0xe000) return false;
    append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return true;
}

}  // namespace

void append_json_escaped(Buffer& out, std::string_view text) {
    constexpr char kDigits[] = "0123456789abcdef";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.append('\\');
            out.append(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out.append("\\u00");
            out.append(kDigits[static_cast<unsigned char>(c) >> 4]);
            out.append(kDigits[c & 15]);
        } else {
            out.append(c);
        }
    }
}

bool append_json_unescaped(Buffer& out, std::string_view raw) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    while (!raw.empty()) {
        if (raw[0] != '\\') {
            out.append(raw[0]);
            raw.remove_prefix(1);
        } else if (raw[1] != 'u') {
            out.append(kMeanings[kNames.find(raw[1])]);
            raw.remove_prefix(2);
        } else if (!append_unicode(out, raw)) {
            return false;
        }
    }
    return true;
}

}  // namespace sallyport::rules
