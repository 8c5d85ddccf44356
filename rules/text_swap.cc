#include "rules/text_swap.h"

#include "base/check.h"
#include "rules/placeholders.h"

namespace sallyport::rules {

SwapPattern::SwapPattern(std::string_view placeholder) : text(placeholder), fallback(placeholder.size() + 1, 0) {
    const auto mark = text.find(kPlaceholderMark);
    SALLYPORT_CHECK(text.empty() || mark != text.npos);
    mark_end = text.empty() ? 0 : mark + kPlaceholderMark.size();
    for (std::size_t size = 2, border = 0; size <= text.size(); ++size) {
        while (border > 0 && text[border] != text[size - 1]) border = fallback[border];
        if (text[border] == text[size - 1]) ++border;
        fallback[size] = border;
    }
}

Result<void> TextSwap::feed(char c, bool is_declared, Buffer& out) {
    while (matched_ > 0 && pattern_.text[matched_] != c) {
        if (auto released = release(matched_ - pattern_.fallback[matched_], out); !released) return released;
    }
    if (!pattern_.text.empty() && pattern_.text[matched_] == c) {
        ++matched_;
    } else {
        out.append(c);
    }
    follow_mark(c);
    if (mark_matched_ == kPlaceholderMark.size()) {
        mark_matched_ = 0;
        // Where it is the placeholder's own, the rest decides.
        if (matched_ != pattern_.mark_end || matched_ == 0) return misplaced();
    }
    return matched_ == pattern_.text.size() && matched_ > 0 ? complete(is_declared, out) : Result<void>();
}

// The mark's first letter is nowhere else in it.
void TextSwap::follow_mark(char c) {
    if (c == kPlaceholderMark[mark_matched_]) {
        ++mark_matched_;
    } else {
        mark_matched_ = c == kPlaceholderMark[0] ? 1 : 0;
    }
}

// The first `size` bytes of what is held turned out to be no placeholder.
Result<void> TextSwap::release(std::size_t size, Buffer& out) {
    // A mark that was held is among them: the placeholder holds it once.
    const bool holds_mark = matched_ >= pattern_.mark_end;
    out.append(std::string_view(pattern_.text).substr(0, size));
    matched_ -= size;
    return holds_mark ? misplaced() : Result<void>();
}

Result<void> TextSwap::complete(bool is_declared, Buffer& out) {
    if (!is_declared) return release(matched_, out);
    if (count_left_ == 0) return failure(ErrorCode::placeholder_misused, "more often than the credential's \"count\"");
    --count_left_;
    matched_ = 0;
    out.append(secret_);
    return {};
}

Result<void> TextSwap::misplaced() const {
    if (pattern_.misplaced == Misplaced::pass) return {};
    return failure(ErrorCode::placeholder_misused, "in the body, where it stands for nothing");
}

Result<void> TextSwap::finish(Buffer& out) {
    mark_matched_ = 0;
    return matched_ > 0 ? release(matched_, out) : Result<void>();
}

Result<void> MessageSwap::feed(std::string_view bytes, Buffer& out) {
    for (const char c : bytes) {
        if (auto fed = swap_.feed(c, true, out); !fed) return fed;
    }
    return {};
}

}  // namespace sallyport::rules
