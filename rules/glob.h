// Patterns of rules. In a path '*' is any run of characters within one segment and "**" any run at all; elsewhere both
// are any run. Everything else is itself. Matching takes time in proportion to pattern times text at worst, and
// allocates nothing: no pattern and no text can make it explode.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::rules {

enum class GlobKind { path, text };

class Glob final {
public:
    // config_invalid where the pattern is too long (1000 characters) or holds control characters.
    static Result<Glob> compile(std::string_view pattern, GlobKind kind);

    bool matches(std::string_view text) const;
    // As above for characters that `next` yields one by one, and -1 at the end.
    template <class Next>
    bool matches_each(Next next) const {
        return run(tokens_, next);
    }

    // As written.
    const std::string& text() const { return text_; }

    // One character at a time, for whoever follows many patterns at once.
    static constexpr std::size_t kStateWordsMax = 1000 / 64 + 1;
    // Which positions of the pattern may come next, one bit each; the first state_words() count.
    using States = std::array<std::uint64_t, kStateWordsMax>;
    std::size_t state_words() const { return tokens_.size() / 64 + 1; }
    States start() const;
    // False where nothing that begins so matches.
    bool advance(States& states, char c) const { return step(states, tokens_, c); }
    bool accepts(const States& states) const { return has_position(states, tokens_.size()); }
    // Everything that begins so matches.
    bool accepts_any_rest(const States& states) const {
        return accepts(states) && !tokens_.empty() && tokens_.back() == kAnyStar;
    }

private:
    // In tokens_; no pattern holds these characters.
    static constexpr char kSegmentStar = 1;
    static constexpr char kAnyStar = 2;
    static constexpr std::size_t kTokensMax = 1000;
    static_assert(kStateWordsMax == kTokensMax / 64 + 1);

    static bool is_star(char token) { return token == kSegmentStar || token == kAnyStar; }
    // A star may stand for nothing, so the position after it is reached too. Two stars never stand together.
    static void enter(States& states, std::string_view tokens, std::size_t at) {
        states[at / 64] |= std::uint64_t{1} << at % 64;
        if (at < tokens.size() && is_star(tokens[at])) ++at;
        states[at / 64] |= std::uint64_t{1} << at % 64;
    }
    static bool has_position(const States& states, std::size_t at) { return (states[at / 64] >> at % 64 & 1) != 0; }
    // False where no position is left.
    static bool step(States& states, std::string_view tokens, char c);

    template <class Next>
    static bool run(std::string_view tokens, Next& next) {
        States states{};
        enter(states, tokens, 0);
        for (int c = next(); c >= 0; c = next()) {
            if (!step(states, tokens, static_cast<char>(c))) return false;
        }
        return has_position(states, tokens.size());
    }

    std::string text_;
    std::string tokens_;
    std::size_t prefix_size_ = 0;  // what comes before the first star
};

}  // namespace sallyport::rules
