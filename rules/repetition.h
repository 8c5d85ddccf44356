// How often a text begins again inside of itself: to look for "aaaa…" takes its length for each byte of what is looked
// through, so that whoever may choose a text to be looked for must not choose that. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace sallyport::rules {

// By the text's borders (Knuth, Morris, Pratt), without regard to case.
inline std::size_t repetitions_of(std::string_view text) {
    const auto folded = [&](std::size_t at) { return text[at] | 0x20; };
    std::vector<std::size_t> border(text.size() + 1, 0);
    std::vector<std::size_t> count(text.size() + 1, 0);
    std::size_t most = 0;
    for (std::size_t size = 2, at = 0; size <= text.size(); ++size) {
        while (at > 0 && folded(at) != folded(size - 1)) at = border[at];
        if (folded(at) == folded(size - 1)) ++at;
        border[size] = at;
        if (at > 0) count[size] = count[at] + 1;
        most = std::max(most, count[size]);
    }
    return most;
}

}  // namespace sallyport::rules
