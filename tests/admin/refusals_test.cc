#include "admin/refusals.h"

#include <gtest/gtest.h>

#include "admin/limits.h"

namespace sallyport::admin {
namespace {

TEST(Refusals, AreBoundedAndTheRestIsCounted) {
    Refusals refusals;
    const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};
    for (std::size_t i = 0; i < kRefusalsPerMinuteMax; ++i) EXPECT_EQ(refusals.admit("why", start), "why");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(refusals.admit("why", start + std::chrono::seconds(59)), std::nullopt);
    EXPECT_EQ(refusals.admit("why", start + std::chrono::seconds(60)), "why (3 others were not recorded)");
    EXPECT_EQ(refusals.admit("why", start + std::chrono::seconds(61)), "why");
}

}  // namespace
}  // namespace sallyport::admin
