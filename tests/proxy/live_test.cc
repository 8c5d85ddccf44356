#include "proxy/live.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sallyport::proxy {
namespace {

std::uint64_t errors_of(const Counters& counters, ErrorCode code) {
    return counters.errors[static_cast<std::size_t>(code)];
}

TEST(Counters, AnOutcomeIsAllowedDeniedOrFailed) {
    Counters counters;
    const Error denied{ErrorCode::denied, {}};
    const Error broken{ErrorCode::origin_closed, {}};
    counters.count({true, nullptr, 10});
    counters.count({false, &denied, 10});
    counters.count({false, &denied, 10});
    counters.count({true, &broken, 10});
    EXPECT_EQ(counters.requests_allowed, 1u);
    EXPECT_EQ(counters.requests_denied, 2u);
    EXPECT_EQ(counters.requests_failed, 1u);
    EXPECT_EQ(errors_of(counters, ErrorCode::denied), 2u);
    EXPECT_EQ(errors_of(counters, ErrorCode::origin_closed), 1u);
    EXPECT_EQ(std::accumulate(counters.errors.begin(), counters.errors.end(), std::uint64_t{0}), 3u);
}

TEST(Counters, ADurationCountsInTheFirstBucketThatHoldsIt) {
    const struct {
        std::uint64_t us;
        std::size_t bucket;
    } cases[] = {{0, 0}, {1'000, 0}, {1'001, 1}, {5'000, 1}, {25'000, 2}, {100'000, 3}, {500'001, 5}, {10'000'000, 6}, {10'000'001, 7}};
    for (const auto& each : cases) {
        Counters counters;
        counters.count({true, nullptr, each.us});
        EXPECT_EQ(counters.request_durations[each.bucket], 1u) << each.us;
        EXPECT_EQ(counters.request_duration_us, each.us);
    }
}

TEST(Counters, ResponsesWithSecretsAndTheirSecretsAreCounted) {
    Counters counters;
    counters.count({true, nullptr, 1, 0});
    counters.count({true, nullptr, 1, 3, 1});
    counters.count({false, nullptr, 1, 2});
    EXPECT_EQ(counters.responses_scrubbed, 2u);
    EXPECT_EQ(counters.secrets_scrubbed, 5u);
    EXPECT_EQ(counters.secret_parts, 1u);
}

TEST(Counters, TheSumOfTwoHasEveryNumberOfBoth) {
    // Every member is a count: filled by position, so that one that add() forgets shows.
    constexpr std::size_t kNumbers = sizeof(Counters) / sizeof(std::uint64_t);
    Counters a;
    auto* numbers = reinterpret_cast<std::uint64_t*>(&a);
    for (std::size_t i = 0; i < kNumbers; ++i) numbers[i] = i + 1;
    Counters sum;
    sum.add(a);
    sum.add(a);
    const auto* sums = reinterpret_cast<const std::uint64_t*>(&sum);
    for (std::size_t i = 0; i < kNumbers; ++i) EXPECT_EQ(sums[i], 2 * (i + 1)) << i;
}

TEST(Live, AnAgeIsNeverNegative) {
    const auto now = net::Clock::now();
    EXPECT_EQ(age_ms(now, now + std::chrono::milliseconds(1500)), 1500u);
    EXPECT_EQ(age_ms(now + std::chrono::seconds(1), now), 0u);
}

}  // namespace
}  // namespace sallyport::proxy
