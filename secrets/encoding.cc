#include "secrets/encoding.h"

#include <cstdint>

namespace sallyport::secrets {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kHex[] = "0123456789abcdef";

enum class Padding { yes, no };

void encode(Buffer& out, std::string_view bytes, const char* alphabet, Padding padding) {
    for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 3 ? bytes.size() : 3)) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            if (i <= bytes.size()) out.append(alphabet[group >> (18 - 6 * i) & 63]);
            else if (padding == Padding::yes) out.append('=');
        }
    }
}

int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

}  // namespace

void append_base64(Buffer& out, std::string_view bytes) { encode(out, bytes, kStandard, Padding::yes); }

void append_base64url(Buffer& out, std::string_view bytes) { encode(out, bytes, kUrl, Padding::no); }

bool decode_base64(std::string_view text, Buffer& out) {
    const auto padding = text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u;
    if (padding > 0 && text.size() % 4 != 0) return false;
    text.remove_suffix(padding);
    if (text.size() % 4 == 1) return false;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const int digit = digit_of(c);
        if (digit < 0) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.append(static_cast<char>(bits >> held & 0xff));
    }
    return (bits & ((1u << held) - 1)) == 0;
}

void append_percent(Buffer& out, std::string_view bytes) {
    for (const char c : bytes) {
        if (is_unreserved(c)) {
            out.append(c);
            continue;
        }
        constexpr char kUpperHex[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out.append('%');
        out.append(kUpperHex[byte >> 4]);
        out.append(kUpperHex[byte & 15]);
    }
}

void append_form(Buffer& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out.append('&');
    append_percent(out, name);
    out.append('=');
    append_percent(out, value);
}

void append_json(Buffer& out, std::string_view text) {
    out.append('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.append('\\');
            out.append(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            out.append("\\u00");
            out.append(kHex[byte >> 4]);
            out.append(kHex[byte & 15]);
        } else {
            out.append(c);
        }
    }
    out.append('"');
}

}  // namespace sallyport::secrets
