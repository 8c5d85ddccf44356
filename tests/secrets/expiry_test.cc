#include "secrets/expiry.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

using std::chrono::seconds;

const WallClock::time_point kNow{seconds(1'700'000'000)};

long left(WallClock::time_point until) { return std::chrono::duration_cast<seconds>(until - kNow).count(); }

TEST(Expiry, EndsATenthOrAMinuteEarly) {
    EXPECT_EQ(left(usable_until(kNow, seconds(3600))), 3540);
    EXPECT_EQ(left(usable_until(kNow, seconds(100))), 90);
    EXPECT_EQ(left(usable_until(kNow, seconds(1))), 1);
    EXPECT_EQ(left(usable_until_moment(kNow, kNow + seconds(3600)).value()), 3540);
}

TEST(Expiry, WhatIsPastIsNotToBeUsed) {
    for (const int offset : {0, -1, -100'000}) {
        const auto until = usable_until_moment(kNow, kNow + seconds(offset));
        ASSERT_FALSE(until);
        EXPECT_EQ(until.error().detail, "the answer's value has expired already");
    }
}

TEST(Expiry, ReadsLifetimesThatAreSome) {
    EXPECT_EQ(read_lifetime(*JsonValue::parse("3599"), "expires_in"), seconds(3599));
    EXPECT_EQ(read_lifetime(*JsonValue::parse("\"3599\""), "expires_in"), seconds(3599));
    for (const char* lie : {"0", "-1", "\"-1\"", "3600.5", "1e3", "\"\"", "\"1h\"", "null", "true", "[]", "{}", "9223372036854775807",
                            "99999999999999999999", "3162240001"}) {
        const auto lifetime = read_lifetime(*JsonValue::parse(lie), "expires_in");
        ASSERT_FALSE(lifetime) << lie;
        EXPECT_EQ(lifetime.error().detail, "the answer's \"expires_in\" is not a time to live");
    }
}

TEST(Expiry, ATimeThatTheClockDoesNotHaveIsOneThatItHas) {
    const auto end = parse_time("2200-01-01T00:00:00Z");
    ASSERT_TRUE(end);
    for (const char* text : {"2816-07-11T22:14:10.5+01:00", "9999-12-31T23:59:59Z"}) {
        ASSERT_TRUE(parse_time(text)) << text;
        EXPECT_LT(*parse_time(text) - *end, std::chrono::hours(24)) << text;
    }
    EXPECT_FALSE(parse_time("1969-12-31T23:59:59Z"));
    EXPECT_FALSE(parse_time("0000-01-01T00:00:00Z"));
}

TEST(Expiry, ReadsTimesOfRfc3339) {
    for (const char* text : {"2023-11-14T22:13:20Z", "2023-11-14t22:13:20.999z", "2023-11-14T23:13:20+01:00", "2023-11-14 17:43:20-04:30"}) {
        EXPECT_EQ(parse_time(text), kNow) << text;
    }
    for (const char* text : {"", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z", "2023-02-30T22:13:20Z", "2023-11-14T24:13:20Z",
                             "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx", "-023-11-14T22:13:20Z", "2023-11-14T22:13:61Z",
                             "2023-11-14T22:13:20+1:00", "1700000000"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

}  // namespace
}  // namespace sallyport::secrets
