#include "leak.h"

#include <cctype>

namespace sallyport::integration {
namespace {

std::string base64(std::string_view bytes, std::string_view last_two) {
    std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    alphabet += last_two;
    std::string out;
    unsigned value = 0;
    int bits = 0;
    for (unsigned char byte : bytes) {
        value = (value << 8) | byte;
        for (bits += 8; bits >= 6; bits -= 6) out += alphabet[(value >> (bits - 6)) & 63];
    }
    return out;  // the last, partial character depends on what follows, so it is left out
}

// The part that is the same whatever surrounds the secret, when `phase` bytes of a group of three come before it.
std::string base64_core(std::string_view secret, std::size_t phase, std::string_view last_two) {
    std::size_t skipped = (3 - phase) % 3;
    return base64(secret.substr(skipped), last_two);
}

std::string hex(std::string_view secret, const char* digits) {
    std::string out;
    for (unsigned char byte : secret) out += {digits[byte >> 4], digits[byte & 15]};
    return out;
}

std::string percent(std::string_view secret, const char* digits, bool everything) {
    std::string out;
    for (unsigned char byte : secret) {
        bool plain = std::isalnum(byte) || byte == '-' || byte == '~';
        if (plain && !everything)
            out += static_cast<char>(byte);
        else
            out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

// What stands for each character, one after the other.
template <class Encode>
std::string each(std::string_view secret, Encode encode) {
    std::string out;
    for (std::size_t i = 0; i < secret.size(); ++i) out += encode(secret[i], i);
    return out;
}

// For every other character, and the rest as it is; the case of the digits changes, too.
std::string percent_mixed(std::string_view secret) {
    return each(secret, [](char c, std::size_t i) {
        const std::string plain(1, c);
        return i % 2 == 0 ? plain : percent(plain, i % 4 / 2 == 0 ? "0123456789abcdef" : "0123456789ABCDEF", true);
    });
}

std::vector<std::string> wide_forms(std::string_view secret) {
    const char* const digits = "0123456789abcdef";
    return {each(secret, [&](char c, std::size_t) { return "\\u00" + hex(std::string(1, c), digits); }),
            each(secret, [](char c, std::size_t) { return "&#" + std::to_string(static_cast<int>(c)) + ";"; }),
            each(secret, [&](char c, std::size_t) { return "&#x" + hex(std::string(1, c), digits) + ";"; }),
            each(secret, [](char c, std::size_t i) { return i == 0 ? std::string(1, c) : std::string({'\0', c}); })};
}

}  // namespace

std::vector<std::string> encodings(std::string_view secret) {
    std::vector<std::string> all = {std::string(secret)};
    for (std::size_t phase = 0; phase < 3; ++phase) {
        all.push_back(base64_core(secret, phase, "+/"));
        all.push_back(base64_core(secret, phase, "-_"));
    }
    for (const char* digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
        all.push_back(hex(secret, digits));
        all.push_back(percent(secret, digits, true));
        all.push_back(percent(secret, digits, false));
    }
    all.push_back(percent_mixed(secret));
    std::string escaped_slashes(secret);
    for (auto at = escaped_slashes.find('/'); at != std::string::npos; at = escaped_slashes.find('/', at + 2))
        escaped_slashes.insert(at, "\\");
    if (escaped_slashes != secret) all.push_back(escaped_slashes);
    for (auto& form : wide_forms(secret)) all.push_back(std::move(form));
    return all;
}

std::vector<std::string> leaks_in(std::string_view text) {
    std::vector<std::string> found;
    for (std::string_view secret : {kSecret, kOtherSecret}) {
        for (const auto& form : encodings(secret)) {
            if (text.find(form) != std::string_view::npos) found.push_back(form);
        }
    }
    return found;
}

}  // namespace sallyport::integration
