#include "rules/locked_array.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(LockedArray, HoldsWhatItWasGiven) {
    const LockedArray<std::uint32_t> array(WipedVector<std::uint32_t>{1, 2, 0xffffffff});
    EXPECT_EQ(array.size(), 3u);
    EXPECT_EQ(array[2], 0xffffffffu);
    EXPECT_EQ(array.span().front(), 1u);
    EXPECT_TRUE(LockedArray<int>().span().empty());
    EXPECT_TRUE(LockedArray<int>(WipedVector<int>()).span().empty());
}

TEST(LockedArray, ItsSourceGrowsLikeAnyVector) {
    WipedVector<int> values;
    for (int i = 0; i < 1000; ++i) values.push_back(i);
    const LockedArray<int> array(values);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(array[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace sallyport::rules
