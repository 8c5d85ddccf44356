// Runs a parser on one input in every way that it may arrive: whole, byte by byte, at random splits, with pauses.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/http/transcript.h"

namespace sallyport::http {

inline constexpr unsigned kRandomSplits = 50;

// The transcript of the whole, after all other ways to cut the input gave the same.
template <class Run>
std::string however_cut(Run run) {
    const std::string expected = run(whole());
    Cutting drip = byte_by_byte();
    EXPECT_EQ(run(drip), expected) << "byte by byte";
    drip.pauses = true;
    EXPECT_EQ(run(drip), expected) << "byte by byte, with pauses";
    for (unsigned seed = 0; seed < kRandomSplits; ++seed) {
        EXPECT_EQ(run(at_random(seed, 1 + seed)), expected) << "split " << seed;
    }
    return expected;
}

inline std::string request_however_cut(std::string_view input, const Http1Limits& limits = {}) {
    return however_cut([&](const Cutting& cutting) { return request_transcript(input, cutting, limits); });
}

inline std::string response_however_cut(std::string_view input, std::string_view method = "GET",
                                        const Http1Limits& limits = {}) {
    return however_cut([&](const Cutting& cutting) { return response_transcript(input, cutting, method, limits); });
}

}  // namespace sallyport::http
