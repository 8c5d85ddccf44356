#include "rules/form_swap.h"

#include "http/characters.h"

namespace sallyport::rules {
namespace {

Result<void> unreadable() { return failure(ErrorCode::body_unreadable, "not a form as all read it"); }

}  // namespace

Result<void> FormSwap::feed(std::string_view bytes, Buffer& out) {
    for (const char c : bytes) {
        if (!take(c)) return unreadable();
        if (auto fed = swap_.feed(c, !in_key_ && is_declared_, out); !fed) return fed;
    }
    return {};
}

Result<void> FormSwap::finish(Buffer& out) {
    if (in_key_ && !end_key()) return unreadable();
    return swap_.finish(out);
}

bool FormSwap::take(char c) {
    if (in_key_) {
        if (c != '=' && c != '&') return take_key_byte(c);
        if (!end_key()) return false;
        in_key_ = c == '&';
    } else if (c == '&') {
        in_key_ = true;
    } else {
        // Some origins end a field here.
        return c != ';' || !is_declared_;
    }
    if (in_key_) is_declared_ = false;
    return true;
}

bool FormSwap::take_key_byte(char c) {
    if (escape_digits_ > 0) {
        const int digit = http::hex_value(c);
        if (digit < 0) return false;
        escaped_ = escaped_ * 16 + digit;
        if (--escape_digits_ > 0) return true;
        if (escaped_ == 0) return false;
        c = static_cast<char>(escaped_);
    } else if (c == '%') {
        escape_digits_ = 2;
        escaped_ = 0;
        return true;
    } else if (c == ';' || c == '\0') {
        return false;
    } else if (c == '+') {
        c = ' ';
    }
    is_key_cut_ = is_key_cut_ || key_.size() == kFormKeyBytesMax;
    if (!is_key_cut_) key_ += c;
    return true;
}

bool FormSwap::end_key() {
    if (escape_digits_ > 0) return false;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (is_key_cut_ || fields_[i] != key_) continue;
        const std::uint32_t bit = std::uint32_t{1} << i;
        if ((seen_ & bit) != 0) return false;
        seen_ |= bit;
        is_declared_ = true;
    }
    key_.clear();
    is_key_cut_ = false;
    return true;
}

}  // namespace sallyport::rules
