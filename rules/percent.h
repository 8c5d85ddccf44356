// Reads percent-encoded text character by character, without a copy.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/buffer.h"

namespace sallyport::rules {

enum class Plus { itself, space };

class PercentReader final {
public:
    explicit PercentReader(std::string_view text, Plus plus = Plus::itself) : text_(text), plus_(plus) {}

    // The next character, 0 to 255, or -1 at the end. A '%' without two hexadecimal digits is itself.
    int operator()() {
        if (at_ == text_.size()) return -1;
        const char c = text_[at_++];
        if (c == '+' && plus_ == Plus::space) return ' ';
        if (c != '%' || text_.size() - at_ < 2) return static_cast<unsigned char>(c);
        const int high = digit(text_[at_]);
        const int low = digit(text_[at_ + 1]);
        if (high < 0 || low < 0) return '%';
        at_ += 2;
        return high * 16 + low;
    }

    static int digit(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
    Plus plus_;
};

// RFC 3986 section 2.3.
inline bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

// Everything but unreserved characters and those in `also_plain`.
inline void append_percent_encoded(Buffer& out, std::string_view text, std::string_view also_plain = {}) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_unreserved(c) || also_plain.find(c) != also_plain.npos) {
            out.append(c);
        } else {
            const char encoded[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
            out.append({encoded, sizeof encoded});
        }
    }
}

}  // namespace sallyport::rules
