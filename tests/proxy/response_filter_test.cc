#include "proxy/response_filter.h"

#include <gtest/gtest.h>

#include "proxy/limits.h"
#include "tests/http/encode.h"
#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

using http::BodyKind;
using http::ContentCoding;

const std::string kSecret = "marker-secret-8d1f2c";
const std::string kStars(kSecret.size(), '*');
const CookieTime kNow = CookieTime(std::chrono::seconds(1'800'000'000));

class ResponseFilterTest : public testing::Test {
protected:
    ResponseFilter::Setup setup() {
        ResponseFilter::Setup made;
        made.scrub.add(rules::needles_of({kSecret}));
        return made;
    }
    ResponseFilter::Setup with_jar(rules::CookieUse use = rules::CookieUse::jar) {
        auto made = setup();
        made.cookies = use;
        made.jar = &jar;
        made.place = {"one", "x.dev", "/", true};
        made.now = kNow;
        return made;
    }
    static http::ResponseHead head(int status = 200, http::BodyFraming body = {BodyKind::chunked, 0}) {
        http::ResponseHead made;
        made.status = status;
        made.reason = "OK";
        made.body = body;
        return made;
    }
    static std::string text_of(const http::HeaderMap& fields) {
        std::string text;
        for (const auto [name, value] : fields) text.append(name).append(": ").append(value).append("\n");
        return text;
    }
    // All of a body that comes in pieces of this size; an error's tag where there is one.
    static std::string filtered(ResponseFilter& filter, std::string_view body, std::size_t piece_bytes) {
        Buffer out;
        while (!body.empty()) {
            auto more = filter.feed(body.substr(0, piece_bytes), out);
            body.remove_prefix(std::min(piece_bytes, body.size()));
            while (more && *more) more = filter.go_on(out);
            if (!more) return std::string(tag(more.error().code));
        }
        const auto finished = filter.finish(out);
        return finished ? std::string(out.view()) : std::string(tag(finished.error().code));
    }

    CookieJar jar;
};

TEST_F(ResponseFilterTest, R1_R2_TheSecretIsOverwrittenWhereverTheBodyIsCut) {
    const std::string body = "{\"headers\":{\"X-Token\":\"" + kSecret + "\"}}";
    const std::string expected = "{\"headers\":{\"X-Token\":\"" + kStars + "\"}}";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        ResponseFilter filter(setup());
        auto answer = head(200, {BodyKind::length, body.size()});
        ASSERT_TRUE(filter.filter_head(answer));
        EXPECT_EQ(answer.body, (http::BodyFraming{BodyKind::length, body.size()})) << "R17: lengths stay";
        EXPECT_EQ(filtered(filter, body, piece), expected);
        EXPECT_EQ(filter.scrubbed(), 1u);
    }
}

TEST_F(ResponseFilterTest, R3_EveryCodingAndAnyStackIsDecodedAndLookedThrough) {
    const std::string body = std::string(3000, 'a') + kSecret + std::string(100'000, 'b') + kSecret;
    const std::string expected = std::string(3000, 'a') + kStars + std::string(100'000, 'b') + kStars;
    const std::vector<std::pair<std::string, std::vector<ContentCoding>>> kCases = {
        {"gzip", {ContentCoding::gzip}},
        {"x-gzip", {ContentCoding::gzip}},
        {"deflate", {ContentCoding::deflate}},
        {"br", {ContentCoding::br}},
        {"zstd", {ContentCoding::zstd}},
        {"gzip, br", {ContentCoding::gzip, ContentCoding::br}},
        {"identity", {}},
    };
    for (const auto& [name, codings] : kCases) {
        for (const std::size_t piece : {1u, 7u, 100'000u}) {
            ResponseFilter filter(setup());
            auto answer = head(200, {BodyKind::length, 999});
            answer.headers.add("Content-Encoding", name);
            ASSERT_TRUE(filter.filter_head(answer));
            EXPECT_FALSE(answer.headers.has("Content-Encoding"));
            EXPECT_EQ(answer.body.kind, codings.empty() ? BodyKind::length : BodyKind::chunked);
            EXPECT_EQ(filtered(filter, http::encode(body, codings), piece), expected) << name << ' ' << piece;
        }
    }
}

TEST_F(ResponseFilterTest, R3_SeveralContentEncodingFieldsAreOneList) {
    ResponseFilter filter(setup());
    auto answer = head();
    answer.headers.add("Content-Encoding", "gzip");
    answer.headers.add("content-encoding", "br");
    ASSERT_TRUE(filter.filter_head(answer));
    const ContentCoding codings[] = {ContentCoding::gzip, ContentCoding::br};
    EXPECT_EQ(filtered(filter, http::encode(kSecret, codings), 5), kStars);
}

TEST_F(ResponseFilterTest, R3_AnUnknownCodingIsNeverPassed) {
    for (const char* coding : {"compress", "gzip, aes128gcm", "gzip, gzip, gzip, gzip", "dcb"}) {
        ResponseFilter filter(setup());
        auto answer = head();
        answer.headers.add("Content-Encoding", coding);
        const auto passed = filter.filter_head(answer);
        ASSERT_FALSE(passed) << coding;
        EXPECT_EQ(passed.error().code, ErrorCode::origin_unknown_coding);
    }
}

TEST_F(ResponseFilterTest, R3_WhatIsNotOfItsCodingIsAnError) {
    for (const std::string& body : {std::string("no gzip at all"), http::encode(kSecret, ContentCoding::gzip).substr(0, 20),
                                    http::encode(kSecret, ContentCoding::gzip) + kSecret}) {
        ResponseFilter filter(setup());
        auto answer = head();
        answer.headers.add("Content-Encoding", "gzip");
        ASSERT_TRUE(filter.filter_head(answer));
        EXPECT_EQ(filtered(filter, body, 4), "origin_bad_response");
    }
}

TEST_F(ResponseFilterTest, WhatIsOfTheCodedBytesGoesWithThem) {
    ResponseFilter filter(setup());
    auto answer = head();
    for (const auto& [name, value] : {std::pair{"Content-Encoding", "gzip"}, {"ETag", "\"v1\""}, {"Content-MD5", "x"},
                                      {"Digest", "x"}, {"Content-Digest", "x"}, {"Repr-Digest", "x"}, {"Accept-Ranges", "bytes"},
                                      {"Vary", "Accept-Encoding"}, {"Content-Type", "text/html"}}) {
        answer.headers.add(name, value);
    }
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_EQ(text_of(answer.headers), "Vary: Accept-Encoding\nContent-Type: text/html\nETag: W/\"v1\"\n");
    http::HeaderMap trailers;
    trailers.add("Digest", "x");
    trailers.add("X-Echo", kSecret);
    filter.filter_trailers(trailers);
    EXPECT_EQ(text_of(trailers), "X-Echo: " + kStars + "\n");
}

TEST_F(ResponseFilterTest, R7_AnAnswerWithoutABodySaysTheSameAsOneWithIt) {
    for (const int status : {200, 304}) {
        ResponseFilter filter(setup());
        auto answer = head(status, {});
        answer.headers.add("Content-Encoding", "br");
        answer.headers.add("Content-Length", "77");
        answer.headers.add("ETag", "W/\"v1\"");
        answer.headers.add("X-Echo", "a " + kSecret);
        ASSERT_TRUE(filter.filter_head(answer));
        EXPECT_EQ(text_of(answer.headers), "ETag: W/\"v1\"\nX-Echo: a " + kStars + "\n");
        EXPECT_EQ(answer.body.kind, BodyKind::none);
    }
    ResponseFilter filter(setup());
    auto uncoded = head(200, {});
    uncoded.headers.add("Content-Length", "77");
    ASSERT_TRUE(filter.filter_head(uncoded));
    EXPECT_EQ(uncoded.headers.get("Content-Length"), "77");
}

TEST_F(ResponseFilterTest, R8_InterimHeadsAndTrailersAreLookedThrough) {
    ResponseFilter filter(with_jar());
    auto hints = head(103, {});
    hints.headers.add("Link", "</" + kSecret + ">; rel=preload");
    hints.headers.add("Set-Cookie", "early=1");
    filter.filter_interim(hints);
    EXPECT_EQ(text_of(hints.headers), "Link: </" + kStars + ">; rel=preload\n");
    EXPECT_TRUE(jar.empty());
    auto answer = head();
    answer.reason = kSecret;
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_EQ(answer.reason, kStars);
    EXPECT_EQ(filter.scrubbed(), 2u);
}

TEST_F(ResponseFilterTest, R9_WhatIsHeldWhenABodyBreaksOffIsDropped) {
    ResponseFilter filter(setup());
    auto answer = head();
    ASSERT_TRUE(filter.filter_head(answer));
    Buffer out;
    ASSERT_TRUE(filter.feed("before " + kSecret + " " + kSecret.substr(0, 15), out));
    EXPECT_EQ(out.view(), "before " + kStars + " ");
    EXPECT_TRUE(filter.holds_bytes());
}

TEST_F(ResponseFilterTest, R14_AnEventIsNotHeldLongerThanItsOriginPauses) {
    ResponseFilter filter(setup());
    auto answer = head();
    ASSERT_TRUE(filter.filter_head(answer));
    Buffer out;
    ASSERT_TRUE(filter.feed("data: 1\n\n", out));
    EXPECT_EQ(out.view(), "data: 1\n\n");
    ASSERT_TRUE(filter.feed("data: mar", out));
    EXPECT_TRUE(filter.holds_bytes());
    filter.pause(out);
    EXPECT_EQ(out.view(), "data: 1\n\ndata: mar");
    out.clear();
    ASSERT_TRUE(filter.feed(kSecret.substr(3) + "\n\n", out));
    EXPECT_EQ(out.view(), kStars.substr(3) + "\n\n");
}

// X15: memory stays flat, whoever is slow.
TEST_F(ResponseFilterTest, X15_ABombIsDecodedABlockAtATime) {
    const std::string body(3'000'000, 'x');
    ResponseFilter filter(setup());
    auto answer = head();
    answer.headers.add("Content-Encoding", "gzip");
    ASSERT_TRUE(filter.filter_head(answer));
    Buffer out;
    std::size_t total = 0;
    int blocks = 0;
    // A ratio of hundreds is allowed as far as the first megabyte goes; this is one of a thousand.
    auto more = filter.feed(http::encode(body, ContentCoding::gzip), out);
    for (; more && *more; more = filter.go_on(out)) {
        EXPECT_LE(out.size(), kDecodedBytesMax);
        total += out.size();
        out.clear();
        ++blocks;
    }
    EXPECT_FALSE(more) << "the ratio is bounded";
    EXPECT_GT(blocks, 10);
    EXPECT_LT(total, body.size());
}

TEST_F(ResponseFilterTest, R6_APartThatNobodyAskedForIsRefused) {
    ResponseFilter filter(setup());
    auto answer = head(206, {BodyKind::length, 5});
    answer.headers.add("Content-Range", "bytes 0-4/10");
    const auto passed = filter.filter_head(answer);
    ASSERT_FALSE(passed);
    EXPECT_EQ(passed.error().code, ErrorCode::origin_bad_response);
}

TEST_F(ResponseFilterTest, R6_AskingForPartsIsNotOffered) {
    ResponseFilter filter(setup());
    auto answer = head();
    answer.headers.add("Accept-Ranges", "bytes");
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_EQ(answer.headers.get("Accept-Ranges"), "none");
}

// Whatever part is asked for, no byte of the secret is in it.
TEST_F(ResponseFilterTest, R6_APartIsLookedThroughWithWhatIsAroundIt) {
    const std::string whole = std::string(40, 'a') + kSecret + std::string(40, 'b');
    const std::string clean = std::string(40, 'a') + kStars + std::string(40, 'b');
    for (std::size_t first = 0; first < whole.size(); ++first) {
        auto made = setup();
        made.ranges = rules::RangeUse::scan;
        http::RequestHead asked;
        asked.method = "GET";
        asked.headers.add("Range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + 9));
        const std::size_t margin = made.scrub.longest_bytes();
        made.range = *take_range(asked, rules::RangeUse::scan, margin);
        const std::size_t from = first - std::min(first, margin);
        const std::size_t to = std::min(first + 9 + margin, whole.size() - 1);
        auto answer = head(206, {BodyKind::length, to - from + 1});
        answer.headers.add("Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(to) + "/" + std::to_string(whole.size()));
        answer.headers.add("Accept-Ranges", "bytes");
        ResponseFilter filter(std::move(made));
        ASSERT_TRUE(filter.filter_head(answer));
        EXPECT_EQ(answer.headers.get("Accept-Ranges"), "bytes");
        EXPECT_EQ(filtered(filter, whole.substr(from, to - from + 1), 3), clean.substr(first, 10));
        EXPECT_EQ(answer.body.length_bytes, clean.substr(first, 10).size());
    }
}

TEST_F(ResponseFilterTest, R6_WhereTheOriginAnswersWithAllOfItAllOfItGoesOn) {
    auto made = setup();
    made.ranges = rules::RangeUse::scan;
    made.range = RangeTrim::parse("bytes=0-3", 100);
    ResponseFilter filter(std::move(made));
    auto answer = head();
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_EQ(filtered(filter, "all of " + kSecret, 4), "all of " + kStars);
}

TEST_F(ResponseFilterTest, R6_APartOfSomethingCodedIsRefused) {
    auto made = setup();
    made.range = RangeTrim::parse("bytes=0-3", 2);
    ResponseFilter filter(std::move(made));
    auto answer = head(206, {BodyKind::length, 6});
    answer.headers.add("Content-Range", "bytes 0-5/10");
    answer.headers.add("Content-Encoding", "gzip");
    const auto passed = filter.filter_head(answer);
    ASSERT_FALSE(passed);
    EXPECT_EQ(passed.error().code, ErrorCode::origin_unknown_coding);
}

TEST_F(ResponseFilterTest, R11_CookiesGoIntoTheJarAndTheirValuesDoNotComeBack) {
    ResponseFilter filter(with_jar());
    auto answer = head();
    answer.headers.add("Set-Cookie", "sid=marker-session-0123456789; Path=/; Secure");
    answer.headers.add("set-cookie", "theme=dark");
    answer.headers.add("X-Session", "marker-session-0123456789");
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_EQ(text_of(answer.headers), "X-Session: *************************\n");
    EXPECT_EQ(jar.size(), 2u);
    EXPECT_EQ(filtered(filter, "dark marker-session-0123456789 " + kSecret, 6), "dark ************************* " + kStars);
}

TEST_F(ResponseFilterTest, R11_OrAreDroppedOrPassedOn) {
    for (const auto use : {rules::CookieUse::drop, rules::CookieUse::pass}) {
        ResponseFilter filter(with_jar(use));
        auto answer = head();
        answer.headers.add("Set-Cookie", "sid=" + kSecret);
        ASSERT_TRUE(filter.filter_head(answer));
        EXPECT_EQ(text_of(answer.headers), use == rules::CookieUse::drop ? "" : "Set-Cookie: sid=" + kStars + "\n");
        EXPECT_TRUE(jar.empty());
    }
}

ResponseFilter::Setup swapping(ResponseFilter::Setup made) {
    made.swap_tokens = [](const http::ResponseHead& head, std::string_view body,
                          Buffer& out) -> Result<std::shared_ptr<const rules::NeedleSet>> {
        if (head.status != 200 || body != "token=real-token") return failure(ErrorCode::origin_bad_response);
        out.append("token=stand-in, not real-token or " + kSecret);
        return rules::needles_of({"real-token"});
    };
    return made;
}

TEST_F(ResponseFilterTest, R10_AnAnswerThatHoldsTokensIsWholeBeforeItsHeadGoesOn) {
    ResponseFilter filter(swapping(setup()));
    auto answer = head();
    answer.headers.add("Content-Encoding", "gzip");
    answer.headers.add("ETag", "\"v\"");
    ASSERT_TRUE(filter.filter_head(answer));
    EXPECT_TRUE(filter.holds_head());
    Buffer out;
    ASSERT_TRUE(filter.feed(http::encode("token=real-token", ContentCoding::gzip), out));
    EXPECT_TRUE(out.empty());
    ASSERT_TRUE(filter.finish(out, &answer));
    EXPECT_EQ(out.view(), "token=stand-in, not ********** or " + kStars);
    EXPECT_EQ(answer.body, (http::BodyFraming{BodyKind::length, out.size()}));
    EXPECT_TRUE(answer.headers.empty());
}

TEST_F(ResponseFilterTest, R10_APartOfAnAnswerThatHoldsTokensIsNotPassedOn) {
    auto made = swapping(setup());
    made.range = RangeTrim::parse("bytes=2-3", 0);
    ResponseFilter filter(std::move(made));
    auto answer = head();
    answer.status = 206;
    answer.headers.add("Content-Range", "bytes 2-3/16");
    answer.body = {BodyKind::length, 2};
    EXPECT_FALSE(filter.filter_head(answer));
}

TEST_F(ResponseFilterTest, R10_AnAnswerThatCannotBeReadIsNotPassedOn) {
    ResponseFilter unreadable(swapping(setup()));
    auto answer = head();
    ASSERT_TRUE(unreadable.filter_head(answer));
    Buffer out;
    ASSERT_TRUE(unreadable.feed("something else", out));
    EXPECT_FALSE(unreadable.finish(out, &answer));
    EXPECT_TRUE(out.empty());
    ResponseFilter too_long(swapping(setup()));
    answer = head();
    ASSERT_TRUE(too_long.filter_head(answer));
    EXPECT_FALSE(too_long.feed(std::string(kTokenAnswerBytesMax + 1, 'x'), out));
    EXPECT_TRUE(out.empty());
    ResponseFilter without_body(swapping(setup()));
    answer = head(204, {});
    ASSERT_TRUE(without_body.filter_head(answer));
    EXPECT_FALSE(without_body.holds_head());
}

}  // namespace
}  // namespace sallyport::proxy
