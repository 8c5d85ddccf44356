// Sets of texts, said by globs that match and globs that do not, and a short text in such a set, or the certainty that
// there is none. The globs are followed all at once, character by character, over the few characters that they tell
// apart. Pure; bounded by a Budget.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rules/glob.h"

namespace sallyport::rules {

// Steps that a search may still take. Counted, not timed: the same question always gets the same answer.
class Budget final {
public:
    explicit Budget(std::uint64_t steps) : steps_(steps) {}

    // False, from then on, where they are used up.
    bool spend(std::uint64_t steps = 1) {
        steps_ = steps > steps_ ? 0 : steps_ - steps;
        return steps_ > 0;
    }
    bool is_used_up() const { return steps_ == 0; }
    std::uint64_t left() const { return steps_; }

private:
    std::uint64_t steps_;
};

// Which texts there are at all.
enum class Universe {
    path,         // canonical paths of which nobody could read another one (http/path.h)
    field_value,  // of a header, without the spaces around it
    query_value,  // percent-decoded; any characters but NUL
};

// wanted: at least one of the globs matches. Otherwise: none does. The globs outlive it.
struct TextCondition {
    std::span<const Glob> globs;
    bool wanted = true;
};

enum class Search { found, none, gave_up };

struct FoundText {
    Search outcome = Search::none;
    std::string text;  // where found
};

// A text of the universe that meets every condition. gave_up where the budget is used up first.
FoundText find_text(Universe universe, const std::vector<TextCondition>& conditions, Budget& budget);

// Whether this text meets every condition.
bool meets(std::string_view text, const std::vector<TextCondition>& conditions);

}  // namespace sallyport::rules
