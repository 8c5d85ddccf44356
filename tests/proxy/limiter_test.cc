#include "proxy/limiter.h"

#include <gtest/gtest.h>

#include <vector>

#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

using std::chrono::seconds;

const net::Clock::time_point kStart{std::chrono::hours(1)};

rules::LimitSpec requests(std::uint64_t amount, seconds period) {
    rules::LimitSpec spec;
    spec.requests = rules::Rate{amount, period};
    return spec;
}

rules::LimitSpec bytes(std::uint64_t amount, seconds period) {
    rules::LimitSpec spec;
    spec.bytes_out = rules::Rate{amount, period};
    return spec;
}

Limiter::Exchange under_rule(const rules::LimitSpec& spec, std::string_view key = "rules[0]") {
    Limiter::Exchange exchange;
    exchange.rule_limit = &spec;
    exchange.rule_key = key;
    return exchange;
}

Limiter::Exchange under_policy(const rules::LimitSpec& spec) {
    Limiter::Exchange exchange;
    exchange.policy_limit = &spec;
    return exchange;
}

TEST(Limiter, WhereThereIsNoLimitNothingIsKept) {
    Limiter limiter;
    auto permit = limiter.admit({}, kStart);
    ASSERT_TRUE(permit);
    EXPECT_FALSE(permit->is_limited());
    EXPECT_TRUE(permit->spend(1'000'000'000, kStart));
    EXPECT_EQ(limiter.size(), 0u);
}

// P25: a budget of requests.
TEST(Limiter, P25_RequestsAreRefusedWhenTheirBucketIsEmpty) {
    Limiter limiter;
    const auto spec = requests(2, seconds(20));
    EXPECT_TRUE(limiter.admit(under_rule(spec), kStart));
    EXPECT_TRUE(limiter.admit(under_rule(spec), kStart));
    const auto refused = limiter.admit(under_rule(spec), kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
    EXPECT_EQ(refused.error().detail, "requests of the rule");
    EXPECT_EQ(limiter.retry_after(), seconds(10));
    EXPECT_FALSE(limiter.admit(under_rule(spec), kStart + seconds(9)));
    EXPECT_TRUE(limiter.admit(under_rule(spec), kStart + seconds(10)));
    EXPECT_FALSE(limiter.admit(under_rule(spec), kStart + seconds(10)));
}

// D18, P25: a budget of bytes, to the byte.
TEST(Limiter, D18_NotOneByteMoreThanTheBudgetIsPaidFor) {
    Limiter limiter;
    const auto spec = bytes(1000, seconds(1000));
    auto exchange = under_rule(spec);
    exchange.head_bytes = 200;
    auto permit = limiter.admit(exchange, kStart);
    ASSERT_TRUE(permit);
    EXPECT_TRUE(permit->spend(700, kStart));
    EXPECT_FALSE(permit->spend(101, kStart));
    EXPECT_EQ(limiter.retry_after(), seconds(1));
    EXPECT_TRUE(permit->spend(100, kStart));
    EXPECT_FALSE(permit->spend(1, kStart));
    EXPECT_FALSE(limiter.admit(exchange, kStart)) << "a head that is not covered";
    EXPECT_TRUE(permit->spend(1, kStart + seconds(1)));
}

// P25: a budget of what targets say.
TEST(Limiter, P25_NewTargetsAreRefusedWhenTheirBucketIsEmptyAndKnownOnesAreNot) {
    Limiter limiter;
    rules::LimitSpec spec;
    spec.url_entropy = rules::Rate{40, seconds(3600)};
    int passed = 0;
    for (int i = 0; i < 100; ++i) {
        auto exchange = under_rule(spec);
        const std::string target = "/?data=" + std::to_string(982'451'653u * static_cast<unsigned>(i + 1));
        exchange.target = target;
        if (limiter.admit(exchange, kStart)) ++passed;
    }
    EXPECT_GE(passed, 2);
    EXPECT_LE(passed, 8);
    auto known = under_rule(spec);
    const std::string first = "/?data=982451653";
    known.target = first;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.admit(known, kStart)) << "it has been said already";
    auto fresh = under_rule(spec);
    fresh.target = "/?data=something-else-altogether-0123456789";
    const auto refused = limiter.admit(fresh, kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail, "url_entropy of the rule");
}

TEST(Limiter, ConcurrencyIsWhatRunsNow) {
    Limiter limiter;
    rules::LimitSpec spec;
    spec.concurrency = 2;
    std::vector<Limiter::Permit> permits;
    permits.push_back(*limiter.admit(under_rule(spec), kStart));
    permits.push_back(*limiter.admit(under_rule(spec), kStart));
    EXPECT_FALSE(limiter.admit(under_rule(spec), kStart + std::chrono::hours(1)));
    permits.front().release();
    permits.front().release();
    EXPECT_TRUE(limiter.admit(under_rule(spec), kStart)) << "and gone again at once";
    Limiter::Permit moved = std::move(permits.back());
    permits.clear();
    permits.push_back(*limiter.admit(under_rule(spec), kStart));
    EXPECT_FALSE(limiter.admit(under_rule(spec), kStart));
    moved = Limiter::Permit();
    EXPECT_TRUE(limiter.admit(under_rule(spec), kStart));
}

TEST(Limiter, WhatThePolicyRefusesDoesNotCostTheRule) {
    Limiter limiter;
    const auto rule = requests(2, seconds(100));
    const auto policy = requests(1, seconds(10));
    auto both = under_rule(rule);
    both.policy_limit = &policy;
    EXPECT_TRUE(limiter.admit(both, kStart));
    const auto refused = limiter.admit(both, kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail, "requests of the policy");
    EXPECT_EQ(limiter.retry_after(), seconds(10));
    EXPECT_TRUE(limiter.admit(both, kStart + seconds(10))) << "the rule's second one is still there";
    EXPECT_FALSE(limiter.admit(both, kStart + seconds(20))) << "and no more than that";
}

TEST(Limiter, RulesAndThePolicyCountApart) {
    Limiter limiter;
    const auto spec = requests(1, seconds(100));
    EXPECT_TRUE(limiter.admit(under_rule(spec, "a"), kStart));
    EXPECT_TRUE(limiter.admit(under_rule(spec, "b"), kStart));
    EXPECT_TRUE(limiter.admit(under_policy(spec), kStart));
    EXPECT_FALSE(limiter.admit(under_rule(spec, "a"), kStart));
}

TEST(Limiter, ALimitThatIsReadAgainIsTheSameAndAChangedOneIsNew) {
    Limiter limiter;
    const auto before = requests(1, seconds(100));
    EXPECT_TRUE(limiter.admit(under_rule(before), kStart));
    const rules::LimitSpec again = before;
    EXPECT_FALSE(limiter.admit(under_rule(again), kStart));
    const auto changed = requests(2, seconds(100));
    EXPECT_TRUE(limiter.admit(under_rule(changed), kStart));
}

TEST(Limiter, AFetchUnderItsCallsLimitPaysForBytesAlone) {
    Limiter limiter;
    auto spec = requests(1, seconds(100));
    spec.bytes_out = rules::Rate{100, seconds(100)};
    spec.concurrency = 1;
    const auto call = limiter.admit(under_rule(spec), kStart);
    ASSERT_TRUE(call);
    auto fetch = under_rule(spec);
    fetch.rule_counts = Limiter::Counts::bytes;
    fetch.head_bytes = 60;
    auto permit = limiter.admit(fetch, kStart);
    ASSERT_TRUE(permit);
    EXPECT_FALSE(permit->spend(41, kStart));
    EXPECT_FALSE(limiter.admit(fetch, kStart)) << "bytes count";
}

TEST(Limiter, LimitsThatAreUsedUpAreNotForgotten) {
    Limiter limiter;
    const auto spec = requests(1, std::chrono::hours(1));
    EXPECT_TRUE(limiter.admit(under_rule(spec, "used"), kStart));
    for (std::size_t i = 0; i < kLimitStatesMax + 10; ++i) {
        auto exchange = under_rule(spec, "other");
        const auto changed = requests(1'000'000 + i, seconds(1));
        exchange.rule_limit = &changed;
        EXPECT_TRUE(limiter.admit(exchange, kStart + seconds(static_cast<int>(i))));
    }
    EXPECT_LT(limiter.size(), kLimitStatesMax + 2);
    EXPECT_FALSE(limiter.admit(under_rule(spec, "used"), kStart + seconds(1200)));
}

}  // namespace
}  // namespace sallyport::proxy
