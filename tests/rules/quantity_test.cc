#include "rules/quantity.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(Quantity, ReadsSizes) {
    const std::pair<const char*, std::uint64_t> cases[] = {
        {"0B", 0},
        {"1B", 1},
        {"64KB", 64'000},
        {"10MB", 10'000'000},
        {"2GB", 2'000'000'000},
        {"64KiB", 65'536},
        {"1MiB", 1'048'576},
        {"1GiB", 1'073'741'824},
        {"1000000GB", 1'000'000'000'000'000},
    };
    for (const auto& [text, bytes] : cases) EXPECT_EQ(parse_bytes(text), bytes) << text;
}

TEST(Quantity, ReadsTimes) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("10s"), 10s);
    EXPECT_EQ(parse_duration("2m"), 2min);
    EXPECT_EQ(parse_duration("1h"), 1h);
}

TEST(Quantity, ReadsRates) {
    const auto requests = parse_rate("60/m", RateOf::count);
    ASSERT_TRUE(requests);
    EXPECT_EQ(requests->amount, 60u);
    EXPECT_EQ(requests->period.count(), 60);
    EXPECT_EQ(parse_rate("1/s", RateOf::count)->period.count(), 1);
    EXPECT_EQ(parse_rate("1/d", RateOf::count)->period.count(), 86'400);
    EXPECT_EQ(parse_rate("10MB/h", RateOf::bytes)->amount, 10'000'000u);
    EXPECT_EQ(parse_rate("10MB/h", RateOf::bytes)->period.count(), 3'600);
}

TEST(Quantity, RefusesEverythingElse) {
    for (const char* text : {"", "B", "10", "-1B", "+1B", " 1B", "1B ", "1 B", "1.5MB", "01B", "00B", "1kb", "1TB",
                             "1mb", "0x1B", "99999999999999999999B", "18446744073709551615GB", "1000001GB", "1B/h"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
    for (const char* text : {"", "s", "10", "10S", "1d", "-1s", "1.5s", "1s1s", "18446744073709551615h"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    for (const char* text :
         {"", "60", "/m", "60/", "0/m", "60/min", "60/10m", "60/m/s", "60 /m", "6e1/m", "10MB/h", "-1/s"}) {
        EXPECT_FALSE(parse_rate(text, RateOf::count)) << text;
    }
    for (const char* text : {"60/m", "10MB", "0B/s", "10MB/w", "/h"}) {
        EXPECT_FALSE(parse_rate(text, RateOf::bytes)) << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
