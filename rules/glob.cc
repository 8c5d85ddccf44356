#include "rules/glob.h"

#include <algorithm>

namespace sallyport::rules {

Result<Glob> Glob::compile(std::string_view pattern, GlobKind kind) {
    Glob glob;
    glob.text_ = pattern;
    for (std::size_t i = 0; i < pattern.size();) {
        const auto c = static_cast<unsigned char>(pattern[i]);
        if (c < 0x20 || c == 0x7f) return failure(ErrorCode::config_invalid, "a pattern holds no control characters");
        const std::size_t stars = std::min(pattern.find_first_not_of('*', i), pattern.size()) - i;
        if (stars == 0) {
            glob.tokens_ += pattern[i++];
            continue;
        }
        glob.tokens_ += stars == 1 && kind == GlobKind::path ? kSegmentStar : kAnyStar;
        i += stars;
    }
    if (glob.tokens_.size() > kTokensMax)
        return failure(ErrorCode::config_invalid, "a pattern has 1000 characters at most");
    const auto first_star = std::find_if(glob.tokens_.begin(), glob.tokens_.end(), is_star);
    glob.prefix_size_ = static_cast<std::size_t>(first_star - glob.tokens_.begin());
    return glob;
}

Glob::States Glob::start() const {
    States states{};
    enter(states, tokens_, 0);
    return states;
}

bool Glob::step(States& states, std::string_view tokens, char c) {
    States after{};
    std::uint64_t any = 0;
    for (std::size_t word = 0; word <= tokens.size() / 64; ++word) {
        for (std::uint64_t bits = states[word]; bits != 0; bits &= bits - 1) {
            const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            if (at == tokens.size()) continue;
            const bool stays = tokens[at] == kAnyStar || (tokens[at] == kSegmentStar && c != '/');
            if (stays) {
                enter(after, tokens, at);
            } else if (tokens[at] == c && !is_star(c)) {
                enter(after, tokens, at + 1);
            } else {
                continue;
            }
            any = 1;
        }
    }
    states = after;
    return any != 0;
}

bool Glob::matches(std::string_view text) const {
    const std::string_view prefix = std::string_view(tokens_).substr(0, prefix_size_);
    if (!text.starts_with(prefix)) return false;
    const std::string_view tokens = std::string_view(tokens_).substr(prefix_size_);
    text.remove_prefix(prefix_size_);
    // Most patterns are a name, or a name and one star at the end.
    if (tokens.empty()) return text.empty();
    if (tokens.size() == 1) return tokens[0] == kAnyStar || text.find('/') == text.npos;
    const auto next = [at = text.begin(), end = text.end()]() mutable {
        return at == end ? -1 : static_cast<int>(static_cast<unsigned char>(*at++));
    };
    auto source = next;
    return run(tokens, source);
}

}  // namespace sallyport::rules
