#include "proxy/guarded_exchange.h"

#include <gtest/gtest.h>

#include "proxy/limits.h"
#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

class GuardedExchangeTest : public testing::Test {
protected:
    GuardedExchangeTest() {
        request.method = "GET";
        request.authority.host = "x.dev";
        request.target.path = "/a";
    }
    GuardedExchange::Setup setup(std::string_view credential = "one") {
        return {rules::needles_of({"marker-secret-8d1f2c"}), &options, credential, request, http::Scheme::https, "x.dev", nullptr, kept};
    }
    http::RequestHead head() {
        http::RequestHead made;
        made.method = "GET";
        return made;
    }

    http::CanonicalRequest request;
    rules::ExchangeOptions options;
    KeptSecrets kept;
};

TEST_F(GuardedExchangeTest, R3_SeveralAcceptEncodingFieldsAreNarrowedAsOne) {
    GuardedExchange exchange(setup());
    auto asked = head();
    asked.headers.add("Accept-Encoding", "exotic");
    asked.headers.add("accept-encoding", "br;q=0.5");
    asked.headers.add("Sec-WebSocket-Extensions", "permessage-deflate");
    ASSERT_TRUE(exchange.prepare(asked));
    EXPECT_EQ(asked.headers.size(), 1u);
    EXPECT_EQ(asked.headers.get("Accept-Encoding"), "br;q=0.5");
}

TEST_F(GuardedExchangeTest, R6_TheMarginIsThatOfTheLongestOfAllSecrets) {
    options.ranges = rules::RangeUse::scan;
    const auto asked_range = [&] {
        GuardedExchange exchange(setup());
        auto asked = head();
        asked.headers.add("Range", "bytes=100000-100000");
        EXPECT_TRUE(exchange.prepare(asked));
        return std::stoul(std::string(asked.headers.get("Range")->substr(6)));
    };
    const auto margin = 100'000 - asked_range();
    EXPECT_EQ(margin, setup().needles->longest_bytes());
    kept.cookies().store({"one", "x.dev", "/", true}, "sid=x" + std::string(1000, 's'), std::chrono::system_clock::now());
    EXPECT_GT(100'000 - asked_range(), margin);
}

TEST_F(GuardedExchangeTest, R11_CookiesAreOfTheCredentialAndLeftAloneWithoutOne) {
    const auto answer = [&](const GuardedExchange::Setup& made) {
        GuardedExchange exchange(made);
        http::ResponseHead got;
        got.status = 200;
        got.headers.add("Set-Cookie", "a=1; Path=/");
        EXPECT_TRUE(exchange.response().filter_head(got));
        return got.headers.has("Set-Cookie");
    };
    EXPECT_TRUE(answer(setup("")));
    EXPECT_FALSE(answer(setup("one")));
    http::HeaderMap headers;
    GuardedExchange(setup("two")).add_cookies(headers);
    EXPECT_TRUE(headers.empty());
    GuardedExchange(setup("one")).add_cookies(headers);
    EXPECT_EQ(headers.get("Cookie"), "a=1");
}

TEST_F(GuardedExchangeTest, R11_WhatWasSentStaysSecretWhenOtherExchangesReplaceIt) {
    const auto now = std::chrono::system_clock::now();
    const CookiePlace place{"one", "x.dev", "/", true};
    const auto issue = [&](int number) {
        http::ResponseHead answer;
        answer.status = 200;
        answer.headers.add("Content-Type", "application/json");
        const std::string text = "marker-token-" + std::to_string(100'000'000 + number);
        Buffer out;
        EXPECT_TRUE(kept.tokens().swap_answer({}, request, answer, R"({"access_token": ")" + text + R"("})", out));
        return text;
    };
    kept.cookies().store(place, "sid=marker-cookie-old-3c1d2e; Path=/", now);
    const std::string token = issue(0);
    GuardedExchange exchange(setup());
    auto asked = head();
    ASSERT_TRUE(exchange.prepare(asked));
    exchange.add_cookies(asked.headers);
    EXPECT_EQ(asked.headers.get("Cookie"), "sid=marker-cookie-old-3c1d2e");
    kept.cookies().store(place, "sid=marker-cookie-new-3c1d2e; Path=/", now);
    for (int i = 1; i <= 100; ++i) issue(i);

    http::ResponseHead got;
    got.status = 200;
    got.headers.add("X-Echo", "marker-cookie-old-3c1d2e marker-cookie-new-3c1d2e " + token);
    ASSERT_TRUE(exchange.response().filter_head(got));
    EXPECT_EQ(got.headers.get("X-Echo")->find("marker"), std::string_view::npos) << *got.headers.get("X-Echo");
}

TEST_F(GuardedExchangeTest, R1_ValuesBeforeAndAfterARotationAreLookedForToo) {
    kept.retire(rules::needles_of({"marker-former-5a2b"}));
    GuardedExchange exchange(setup());
    http::ResponseHead got;
    got.status = 200;
    got.body = {http::BodyKind::chunked, 0};
    got.headers.add("X-Echo", "marker-former-5a2b");
    ASSERT_TRUE(exchange.response().filter_head(got));
    EXPECT_EQ(got.headers.get("X-Echo"), "******************");
    Buffer out;
    ASSERT_TRUE(exchange.response().feed("marker-later-5a2b ", out));
    ASSERT_TRUE(exchange.add_needles(rules::needles_of({"marker-later-5a2b"})));
    ASSERT_TRUE(exchange.response().feed("marker-later-5a2b marker-secret-8d1f2c", out));
    ASSERT_TRUE(exchange.response().finish(out));
    EXPECT_EQ(out.view(), "marker-later-5a2b ***************** ********************");
}

TEST_F(GuardedExchangeTest, R6_ARotationCutsAPartOnlyWhereItsMarginIsTooSmall) {
    options.ranges = rules::RangeUse::scan;
    GuardedExchange exchange(setup());
    auto asked = head();
    asked.headers.add("Range", "bytes=100000-200000");
    ASSERT_TRUE(exchange.prepare(asked));
    EXPECT_TRUE(exchange.add_needles(rules::needles_of({"marker-secret-9e2a3d"}))) << "as long as the one before";
    EXPECT_FALSE(exchange.add_needles(rules::needles_of({"marker-secret-9e2a3d-and-more"})));
}

TEST_F(GuardedExchangeTest, R14_AWebSocketLearnsOfRotations) {
    GuardedExchange exchange(setup());
    exchange.begin_websocket(nullptr);
    ASSERT_TRUE(exchange.add_needles(rules::needles_of({"marker-later-5a2b"})));
    Buffer out;
    ASSERT_TRUE(exchange.websocket().from_origin("\x81\x11marker-later-5a2b", out));
    EXPECT_EQ(out.view(), "\x81\x11*****************");
    for (std::size_t i = 1; i < kLaterNeedlesMax; ++i) EXPECT_TRUE(exchange.add_needles(rules::needles_of({"marker-later-5a2b"})));
    EXPECT_FALSE(exchange.add_needles(rules::needles_of({"marker-later-5a2b"}))) << "then it is cut";
}

TEST_F(GuardedExchangeTest, R10_ATokenIsNotLeftInTheHeadOfItsAnswer) {
    const rules::TokenSwap swap;
    GuardedExchange exchange({nullptr, &options, "", request, http::Scheme::https, "x.dev", &swap, kept});
    http::ResponseHead got;
    got.status = 200;
    got.body = {http::BodyKind::chunked, 0};
    got.headers.add("Content-Type", "application/json");
    got.headers.add("Location", "/done?token=marker-token-77aa31c2");
    ASSERT_TRUE(exchange.response().filter_head(got));
    Buffer out;
    ASSERT_TRUE(exchange.response().feed(R"({"access_token": "marker-token-77aa31c2"})", out));
    ASSERT_TRUE(exchange.response().finish(out, &got));
    EXPECT_EQ(out.view().find("marker"), std::string_view::npos);
    EXPECT_EQ(got.headers.get("Location"), "/done?token=*********************");
}

TEST_F(GuardedExchangeTest, CountsWhatWasFoundInTheResponseAndInFrames) {
    GuardedExchange exchange(setup());
    EXPECT_EQ(exchange.scrubbed(), 0u);
    http::ResponseHead hints;
    hints.status = 103;
    hints.headers.add("Link", "marker-secret-8d1f2c");
    exchange.response().filter_interim(hints);
    exchange.begin_websocket(nullptr);
    Buffer out;
    ASSERT_TRUE(exchange.websocket().from_origin("\x81\x14marker-secret-8d1f2c", out));
    EXPECT_EQ(exchange.scrubbed(), 2u);
}

}  // namespace
}  // namespace sallyport::proxy
