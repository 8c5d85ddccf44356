#include "tests/rules/spelling.h"

#include "base/buffer.h"
#include "rules/base64.h"

namespace sallyport::rules {
namespace {

std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

std::string hex_digits(Random& random, unsigned value, int count) {
    const char* alphabet = pick(random, 2) == 0 ? "0123456789abcdef" : "0123456789ABCDEF";
    std::string out;
    for (int i = count - 1; i >= 0; --i) out += alphabet[value >> (4 * i) & 15];
    return out;
}

std::string percent(Random& random, char c) { return '%' + hex_digits(random, byte_of(c), 2); }
std::string unicode(Random& random, char c) { return "\\u" + hex_digits(random, byte_of(c), 4); }
std::string zeros(Random& random) { return std::string(pick(random, 4) == 0 ? pick(random, 6) : 0, '0'); }
std::string semicolon(Random& random) { return pick(random, 8) == 0 ? "" : ";"; }

std::string decimal(Random& random, char c) {
    return "&#" + zeros(random) + std::to_string(byte_of(c)) + semicolon(random);
}
std::string hexadecimal(Random& random, char c) {
    return std::string(pick(random, 2) == 0 ? "&#x" : "&#X") + zeros(random) +
           hex_digits(random, byte_of(c), byte_of(c) < 16 ? 1 : 2) + semicolon(random);
}

std::string name_of(char c) {
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&apos;";
        default: return {c};
    }
}

std::string any_escape(Random& random, char c) {
    switch (pick(random, 5)) {
        case 0: return percent(random, c);
        case 1: return unicode(random, c);
        case 2: return decimal(random, c);
        case 3: return hexadecimal(random, c);
        default: return {c};
    }
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

template <class Write>
Spelt each(std::string_view secret, Write write) {
    std::string out;
    for (const char c : secret) out += write(c);
    return {out, 0, out.size()};
}

// Base64 of something that has the secret in it; `write` is called for every character, with where it is.
template <class Write>
Spelt in_base64(Random& random, std::string_view secret, Write write) {
    const std::string before = random_string(random, kTokenCharacters, pick(random, 7));
    const std::string behind = random_string(random, kTokenCharacters, pick(random, 4));
    const std::string whole = base64(before + std::string(secret) + behind);
    const std::size_t first = before.size() * 8 / 6;
    const std::size_t last = ((before.size() + secret.size()) * 8 - 1) / 6;
    Spelt spelt;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const std::string written = write(whole[i], i);
        // A line break before the first character is none of the secret's.
        if (i == first) spelt.begin = spelt.text.size() + (written.size() > 1 && written[0] == '\n' ? 1 : 0);
        spelt.text += written;
        if (i == last) spelt.end = spelt.text.size();
    }
    return spelt;
}

std::string without_padding(std::string text) { return text.substr(0, text.find_last_not_of('=') + 1); }

Spelt unpadded_sometimes(Random& random, Spelt spelt) {
    if (pick(random, 2) == 0) spelt.text = without_padding(std::move(spelt.text));
    return spelt;
}

Spelt utf16(std::string_view secret, bool is_little) {
    return each(secret, [&](char c) { return is_little ? std::string{c, '\0'} : std::string{'\0', c}; });
}

}  // namespace

std::string random_string(Random& random, std::string_view alphabet, std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = alphabet[pick(random, alphabet.size())];
    return out;
}

std::string base64(std::string_view bytes) {
    Buffer out;
    append_base64(out, bytes);
    return std::string(out.view());
}

Spelt spell(Random& random, std::string_view secret, Spelling spelling) {
    switch (spelling) {
        case Spelling::plain: return each(secret, [](char c) { return std::string{c}; });
        case Spelling::recased:
            return each(secret, [&](char c) {
                const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                return std::string{is_letter && pick(random, 2) == 0 ? static_cast<char>(c ^ 32) : c};
            });
        case Spelling::percent_all: return each(secret, [&](char c) { return percent(random, c); });
        case Spelling::percent_reserved:
            return each(secret, [&](char c) { return is_unreserved(c) ? std::string{c} : percent(random, c); });
        case Spelling::percent_mixed:
            return each(secret, [&](char c) { return pick(random, 2) == 0 ? std::string{c} : percent(random, c); });
        case Spelling::json_all: return each(secret, [&](char c) { return unicode(random, c); });
        case Spelling::json_mixed:
            return each(secret, [&](char c) { return pick(random, 2) == 0 ? std::string{c} : unicode(random, c); });
        case Spelling::json_slashes:
            return each(secret, [](char c) {
                return c == '/' || c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
            });
        case Spelling::html_decimal: return each(secret, [&](char c) { return decimal(random, c); });
        case Spelling::html_hex: return each(secret, [&](char c) { return hexadecimal(random, c); });
        case Spelling::html_names: return each(secret, name_of);
        case Spelling::escapes_mixed: return each(secret, [&](char c) { return any_escape(random, c); });
        case Spelling::hex: return each(secret, [&](char c) { return hex_digits(random, byte_of(c), 2); });
        case Spelling::base64:
            return unpadded_sometimes(random,
                                      in_base64(random, secret, [](char c, std::size_t) { return std::string{c}; }));
        case Spelling::base64_url:
            return unpadded_sometimes(random, in_base64(random, secret, [](char c, std::size_t) {
                return std::string{c == '+' ? '-' : c == '/' ? '_' : c};
            }));
        case Spelling::base64_wrapped: {
            const std::size_t width = 4 + pick(random, 20);
            const std::string line_break = pick(random, 2) == 0 ? "\n" : "\r\n";
            const std::string written = pick(random, 2) == 0 ? line_break : line_break == "\n" ? "\\n" : "\\r\\n";
            Spelt spelt = in_base64(random, secret, [&](char c, std::size_t i) {
                return i > 0 && i % width == 0 ? "\n" + std::string{c} : std::string{c};
            });
            Spelt out;
            for (std::size_t i = 0; i <= spelt.text.size(); ++i) {
                if (i == spelt.begin) out.begin = out.text.size();
                if (i == spelt.end) out.end = out.text.size();
                if (i < spelt.text.size()) out.text += spelt.text[i] == '\n' ? written : std::string{spelt.text[i]};
            }
            return out;
        }
        case Spelling::base64_in_json:
            return in_base64(random, secret,
                             [](char c, std::size_t) { return c == '/' ? std::string("\\/") : std::string{c}; });
        case Spelling::base64_in_form:
            return in_base64(random, secret, [&](char c, std::size_t) {
                return c == '/' || c == '+' || c == '=' ? percent(random, c) : std::string{c};
            });
        case Spelling::utf16_le: return utf16(secret, true);
        case Spelling::utf16_be: return utf16(secret, false);
    }
    return {};
}

}  // namespace sallyport::rules
