// Scrubs a text that comes in pieces, and checks on the way what holds after each of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/scrubber.h"

namespace sallyport::rules {

inline std::shared_ptr<const NeedleSet> needles_of(const std::vector<std::string>& secrets,
                                                   const std::vector<std::string>& rendered = {},
                                                   StartFilter::Speed speed = StartFilter::Speed::best) {
    return NeedleSet::compile(std::vector<std::string_view>(secrets.begin(), secrets.end()),
                              std::vector<std::string_view>(rendered.begin(), rendered.end()), speed);
}

// `next_bytes(left)` says how long the next piece is.
template <class NextBytes>
std::string scrub_in_pieces(const std::shared_ptr<const NeedleSet>& needles, std::string_view text,
                            NextBytes next_bytes) {
    Scrubber scrubber(needles);
    Buffer out;
    std::size_t fed = 0;
    while (fed < text.size()) {
        const auto piece = text.substr(fed, next_bytes(text.size() - fed));
        scrubber.feed(piece, out);
        fed += piece.size();
        EXPECT_EQ(out.size() + scrubber.held_bytes(), fed);
        EXPECT_TRUE(scrubber.held_bytes() == 0 || scrubber.held_bytes() < needles->longest_bytes());
    }
    scrubber.finish(out);
    return std::string(out.view());
}

inline std::string scrub_whole(const std::shared_ptr<const NeedleSet>& needles, std::string_view text) {
    return scrub_in_pieces(needles, text, [](std::size_t left) { return left; });
}

}  // namespace sallyport::rules
