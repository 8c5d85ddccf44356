#include "proxy/range_trim.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

constexpr std::size_t kMargin = 10;

http::RequestHead request(const std::string& range, const std::string& method = "GET") {
    http::RequestHead head;
    head.method = method;
    head.headers.add("Accept-Encoding", "gzip");
    if (!range.empty()) head.headers.add("Range", range);
    return head;
}

http::ResponseHead part(const std::string& content_range, std::uint64_t length) {
    http::ResponseHead head;
    head.status = 206;
    head.reason = "Partial Content";
    head.headers.add("Content-Type", "text/plain");
    head.headers.add("Content-Range", content_range);
    head.body = {http::BodyKind::length, length};
    return head;
}

std::string widened(const std::string& range) {
    const auto trim = RangeTrim::parse(range, kMargin);
    return trim ? trim->widened() : "none";
}

TEST(RangeTrim, AsksForTheMarginOnBothSides) {
    const struct {
        const char* range;
        const char* widened;
    } kCases[] = {
        {"bytes=100-199", "bytes=90-209"}, {"bytes=5-5", "bytes=0-15"},  {"bytes=0-0", "bytes=0-10"},
        {"Bytes= 20-30 ", "bytes=10-40"},  {"bytes=50-", "bytes=40-"},   {"bytes=3-", "bytes=0-"},
        {"bytes=-20", "bytes=-30"},
    };
    for (const auto& each : kCases) EXPECT_EQ(widened(each.range), each.widened) << each.range;
}

TEST(RangeTrim, KnowsNoOtherRanges) {
    for (const char* range : {"", "bytes", "bytes=", "bytes=-", "bytes=-0", "bytes=a-b", "bytes=5-4", "bytes=1-2,4-5", "bytes=1-2, ",
                              "items=1-2", "bytes=+1-2", "bytes=1--2", "bytes=99999999999999999999-", "bytes=0-18446744073709551615",
                              "bytes=1152921504606846977-", "bytes 1-2"}) {
        EXPECT_EQ(widened(range), "none") << range;
    }
}

// What the client gets of an origin that does as it is told: the same as without us.
TEST(RangeTrim, R6_CutsEveryRangeOfEveryLengthToSizeAtEverySplit) {
    for (std::uint64_t complete = 1; complete <= 40; complete += 3) {
        std::string whole;
        for (std::uint64_t i = 0; i < complete; ++i) whole += static_cast<char>('A' + i);
        for (std::uint64_t first = 0; first <= complete + 2; ++first) {
            for (std::uint64_t last = first; last <= complete + 12; last += 5) {
                auto trim = RangeTrim::parse("bytes=" + std::to_string(first) + "-" + std::to_string(last), 4);
                ASSERT_TRUE(trim);
                const std::uint64_t sent_first = first - std::min<std::uint64_t>(first, 4);
                const std::uint64_t sent_last = std::min(last + 4, complete - 1);
                if (sent_first >= complete) continue;
                const std::string sent = whole.substr(sent_first, sent_last - sent_first + 1);
                auto head = part("bytes " + std::to_string(sent_first) + "-" + std::to_string(sent_last) + "/" + std::to_string(complete),
                                 sent.size());
                ASSERT_TRUE(trim->fit_head(head));
                const std::size_t split = (first + last) % (sent.size() + 1);
                std::string got(trim->trim(std::string_view(sent).substr(0, split)));
                got += trim->trim(std::string_view(sent).substr(split));
                EXPECT_TRUE(trim->finish());
                const bool is_there = first < complete;
                const std::string expected = is_there ? whole.substr(first, last - first + 1) : "";
                EXPECT_EQ(got, expected);
                EXPECT_EQ(head.status, is_there ? 206 : 416);
                EXPECT_EQ(head.body, (http::BodyFraming{http::BodyKind::length, expected.size()}));
                const std::string where = is_there ? std::to_string(first) + "-" + std::to_string(std::min(last, complete - 1)) : "*";
                EXPECT_EQ(head.headers.get("Content-Range"), "bytes " + where + "/" + std::to_string(complete));
            }
        }
    }
}

TEST(RangeTrim, CutsTheEndToSize) {
    auto trim = RangeTrim::parse("bytes=-3", 4);
    auto head = part("bytes 13-19/20", 7);
    ASSERT_TRUE(trim->fit_head(head));
    EXPECT_EQ(head.headers.get("Content-Range"), "bytes 17-19/20");
    EXPECT_EQ(trim->trim("abcdefg"), "efg");
    EXPECT_TRUE(trim->finish());
    auto more_than_all = RangeTrim::parse("bytes=-30", 4);
    head = part("bytes 0-19/20", 20);
    ASSERT_TRUE(more_than_all->fit_head(head));
    EXPECT_EQ(head.headers.get("Content-Range"), "bytes 0-19/20");
}

TEST(RangeTrim, ChunksBecomeALength) {
    auto trim = RangeTrim::parse("bytes=10-12", 4);
    auto head = part("bytes 6-16/100", 0);
    head.headers.add("Content-Digest", "sha-256=:x:");
    head.body = {http::BodyKind::chunked, 0};
    ASSERT_TRUE(trim->fit_head(head));
    EXPECT_EQ(head.body, (http::BodyFraming{http::BodyKind::length, 3}));
    EXPECT_FALSE(head.headers.has("Content-Digest"));
}

// An edge that the origin chose could cut a secret in two.
TEST(RangeTrim, R6_RefusesAnyOtherPartThanWasAskedFor) {
    const struct {
        const char* content_range;
        std::uint64_t length;
    } kCases[] = {
        {"bytes 91-209/1000", 119}, {"bytes 89-209/1000", 121}, {"bytes 90-208/1000", 119}, {"bytes 90-210/1000", 121},
        {"bytes 90-209/*", 120},    {"bytes 90-209/1000", 119}, {"bytes 100-199/1000", 100}, {"bytes */1000", 0},
        {"items 90-209/1000", 120}, {"bytes 90-209/200", 120},  {"bytes=90-209/1000", 120},  {"", 120},
    };
    for (const auto& each : kCases) {
        auto trim = RangeTrim::parse("bytes=100-199", kMargin);
        auto head = part(each.content_range, each.length);
        const auto fitted = trim->fit_head(head);
        ASSERT_FALSE(fitted) << each.content_range;
        EXPECT_EQ(fitted.error().code, ErrorCode::origin_bad_response);
    }
    auto trim = RangeTrim::parse("bytes=100-199", kMargin);
    auto several = part("bytes 90-209/1000", 120);
    several.headers.add("Content-Range", "bytes 100-199/1000");
    EXPECT_FALSE(trim->fit_head(several));
    auto multipart = part("", 300);
    multipart.headers.remove("Content-Range");
    multipart.headers.set("Content-Type", "multipart/byteranges; boundary=x");
    EXPECT_FALSE(trim->fit_head(multipart));
}

TEST(RangeTrim, APartThatEndsEarlyIsAnError) {
    auto trim = RangeTrim::parse("bytes=10-12", 4);
    auto head = part("bytes 6-16/100", 11);
    ASSERT_TRUE(trim->fit_head(head));
    EXPECT_EQ(trim->trim("abcdefghij"), "efg");
    EXPECT_FALSE(trim->finish());
}

TEST(TakeRange, R6_ByDefaultNoPartIsAskedFor) {
    auto head = request("bytes=1-2");
    head.headers.add("If-Range", "\"x\"");
    head.headers.add("X-Ms-Range", "bytes=1-2");
    head.headers.add("Request-Range", "bytes=1-2");
    const auto taken = take_range(head, rules::RangeUse::strip, kMargin);
    ASSERT_TRUE(taken);
    EXPECT_FALSE(*taken);
    EXPECT_EQ(head.headers.size(), 1u);
    EXPECT_EQ(head.headers.get("Accept-Encoding"), "gzip");
}

TEST(TakeRange, R6_OrTheRequestIsRefused) {
    for (const char* name : {"Range", "range", "x-ms-range", "Request-Range"}) {
        auto head = request("");
        head.headers.add(name, "bytes=1-2");
        const auto taken = take_range(head, rules::RangeUse::refuse, kMargin);
        ASSERT_FALSE(taken) << name;
        EXPECT_EQ(taken.error().code, ErrorCode::range_refused);
    }
    auto whole = request("");
    EXPECT_TRUE(take_range(whole, rules::RangeUse::refuse, kMargin));
}

TEST(TakeRange, R6_OrAskedForWithAMarginAndUncoded) {
    auto head = request("bytes=100-199");
    head.headers.add("If-Range", "\"x\"");
    head.headers.add("X-Ms-Range", "bytes=0-3");
    const auto taken = take_range(head, rules::RangeUse::scan, kMargin);
    ASSERT_TRUE(taken);
    EXPECT_TRUE(*taken);
    EXPECT_EQ(head.headers.get("Range"), "bytes=90-209");
    EXPECT_EQ(head.headers.get("Accept-Encoding"), "identity");
    EXPECT_EQ(head.headers.get("If-Range"), "\"x\"");
    EXPECT_FALSE(head.headers.has("X-Ms-Range"));
}

TEST(TakeRange, WhatCannotBeWidenedIsStripped) {
    auto several = request("bytes=1-2,4-5");
    auto two_fields = request("bytes=1-2");
    two_fields.headers.add("Range", "bytes=4-5");
    auto of_head = request("bytes=1-2", "HEAD");
    for (auto* head : {&several, &two_fields, &of_head}) {
        const auto taken = take_range(*head, rules::RangeUse::scan, kMargin);
        ASSERT_TRUE(taken);
        EXPECT_FALSE(*taken);
        EXPECT_FALSE(head->headers.has("Range"));
    }
}

}  // namespace
}  // namespace sallyport::proxy
