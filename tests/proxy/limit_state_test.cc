#include "proxy/limit_state.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const net::Clock::time_point kStart{std::chrono::hours(1)};

TEST(TokenBucket, HoldsOnePeriodsWorthAndFillsEvenly) {
    TokenBucket bucket({60, seconds(60)}, kStart);
    EXPECT_TRUE(bucket.covers(60, kStart));
    EXPECT_FALSE(bucket.covers(61, kStart));
    bucket.take(60);
    EXPECT_FALSE(bucket.covers(1, kStart + milliseconds(999)));
    EXPECT_TRUE(bucket.covers(1, kStart + seconds(1)));
    EXPECT_TRUE(bucket.covers(60, kStart + seconds(3600)));
    EXPECT_FALSE(bucket.covers(61, kStart + seconds(3600))) << "never more than a period's worth";
}

TEST(TokenBucket, SaysWhenItWillCover) {
    TokenBucket bucket({60, seconds(60)}, kStart);
    bucket.take(60);
    EXPECT_EQ(bucket.until_covers(1), seconds(1));
    EXPECT_EQ(bucket.until_covers(10), seconds(10));
    EXPECT_EQ(bucket.until_covers(1000), seconds(60)) << "which it never will";
    TokenBucket fast({1000, seconds(1)}, kStart);
    fast.take(1000);
    EXPECT_EQ(fast.until_covers(1), seconds(1)) << "at least one";
}

TEST(TokenBucket, TimeDoesNotRunBackwards) {
    TokenBucket bucket({2, seconds(2)}, kStart);
    bucket.take(2);
    EXPECT_TRUE(bucket.covers(1, kStart + seconds(1)));
    bucket.take(1);
    EXPECT_FALSE(bucket.covers(1, kStart));
    EXPECT_FALSE(bucket.covers(1, kStart + seconds(1)));
}

TEST(SeenTargets, ForgetsTheOldestFirst) {
    SeenTargets seen;
    for (std::size_t i = 0; i < kSeenTargetsMax; ++i) seen.add("/" + std::to_string(i));
    EXPECT_TRUE(seen.contains("/0"));
    seen.add("/0");
    seen.add("/one-more");
    EXPECT_FALSE(seen.contains("/0"));
    EXPECT_TRUE(seen.contains("/1"));
    EXPECT_TRUE(seen.contains("/one-more"));
}

TEST(Entropy, CountsWhatTheBytesTell) {
    EXPECT_DOUBLE_EQ(entropy_bytes(""), 1.0);
    EXPECT_DOUBLE_EQ(entropy_bytes("aaaaaaaa"), 1.0) << "one symbol says nothing but that it was chosen";
    EXPECT_DOUBLE_EQ(entropy_bytes("abababab"), 2.0) << "a bit for each of eight";
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_DOUBLE_EQ(entropy_bytes(all), 257.0);
    EXPECT_GT(entropy_bytes("/q9x8Kz71LmPw03Tv"), entropy_bytes("/repos/aaaaaaaaaa"));
}

TEST(LimitState, IsUnusedWhenNothingWouldBeLost) {
    rules::LimitSpec spec;
    spec.requests = rules::Rate{1, seconds(10)};
    LimitState state(spec, kStart);
    EXPECT_TRUE(state.is_unused(kStart));
    state.take({});
    EXPECT_FALSE(state.is_unused(kStart + seconds(100))) << "it still runs";
    state.end_one(true);
    EXPECT_TRUE(state.is_unused(kStart + seconds(101)));
}

}  // namespace
}  // namespace sallyport::proxy
