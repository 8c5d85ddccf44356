#include "http/http2_budget.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

const Http2Limits kLimits{.wasted_streams_max = 3, .idle_frames_max = 10};

TEST(Http2Budget, IsUsedUpByOneMoreThanIsAllowed) {
    Http2Budget budget(kLimits);
    for (int i = 0; i < 10; ++i) budget.spend_frame();
    for (int i = 0; i < 3; ++i) budget.spend_stream();
    EXPECT_FALSE(budget.is_used_up());
    budget.spend_frame();
    EXPECT_TRUE(budget.is_used_up());
    Http2Budget other(kLimits);
    for (int i = 0; i < 4; ++i) other.spend_stream();
    EXPECT_TRUE(other.is_used_up());
}

TEST(Http2Budget, AnswersOneFrameForEachReadForEver) {
    Http2Budget budget(kLimits);
    for (int i = 0; i < 1000; ++i) {
        budget.earn_read();
        budget.spend_frame();
    }
    EXPECT_FALSE(budget.is_used_up());
}

TEST(Http2Budget, AStreamMayBeAbandonedNowAndThen) {
    Http2Budget rare(kLimits), often(kLimits);
    for (int i = 0; i < 100; ++i) {
        for (int j = 0; j < 32; ++j) rare.earn_read();
        rare.spend_stream();
        often.earn_read();
        often.spend_stream();
    }
    EXPECT_FALSE(rare.is_used_up());
    EXPECT_TRUE(often.is_used_up());
}

TEST(Http2Budget, HonestWorkEarnsFramesAndStreams) {
    Http2Budget budget(kLimits);
    for (int i = 0; i < 1000; ++i) {
        budget.earn_head();
        for (int j = 0; j < 4; ++j) budget.spend_frame();
        budget.earn_body(1, false);
        for (int j = 0; j < 4; ++j) budget.spend_frame();
        budget.earn_stream();
        budget.spend_stream();
    }
    EXPECT_FALSE(budget.is_used_up());
}

TEST(Http2Budget, NothingIsSavedBeyondTheLimit) {
    Http2Budget budget(kLimits);
    for (int i = 0; i < 1000; ++i) budget.earn_stream();
    for (int i = 0; i < 1000; ++i) budget.earn_head();
    for (int i = 0; i < 10; ++i) budget.spend_frame();
    for (int i = 0; i < 3; ++i) budget.spend_stream();
    EXPECT_FALSE(budget.is_used_up());
    budget.spend_stream();
    EXPECT_TRUE(budget.is_used_up());
}

TEST(Http2Budget, ADripOfWindowEarnsNothing) {
    Http2Budget budget(kLimits);
    for (int i = 0; i < 11; ++i) {
        budget.earn_body(1, true);
        budget.earn_body(0, false);
        budget.spend_frame();
    }
    EXPECT_TRUE(budget.is_used_up());
}

}  // namespace
}  // namespace sallyport::http
