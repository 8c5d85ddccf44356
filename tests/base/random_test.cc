#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace sallyport {
namespace {

TEST(SystemRandom, FillsEveryByteAnewEachTime) {
    SystemRandom random;
    std::array<unsigned char, 4096> one{}, two{};
    random.fill(one);
    random.fill(two);
    EXPECT_NE(one, two);
    // 4096 bytes without one of the 256 values: less likely than 1 in 10^4 for each, so most are there.
    int seen[256] = {};
    for (const unsigned char byte : one) ++seen[byte];
    EXPECT_GT(std::count_if(std::begin(seen), std::end(seen), [](int count) { return count > 0; }), 240);
}

TEST(SystemRandom, OfNothingIsNothing) { SystemRandom().fill({}); }

}  // namespace
}  // namespace sallyport
