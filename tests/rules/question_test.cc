#include "rules/question.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::string asked(const Question& question) {
    const auto request = ask(question);
    return request ? to_string(request->request) : std::string(tag(request.error().code));
}

TEST(Question, IsReadAsTheProxyReadsRequests) {
    EXPECT_EQ(asked({"GET", "https://API.Example.com./a%7Eb?x=1#part", {}}), "GET https://api.example.com/a%7Eb?x=1");
    EXPECT_EQ(asked({"PUT", "HTTP://a.example:8080", {}}), "PUT http://a.example:8080/");
    EXPECT_EQ(asked({"GET", "https://a.example?x", {}}), "GET https://a.example/?x");
    EXPECT_EQ(asked({"GET", "https://[2001:db8::1]/", {}}), "GET https://[2001:db8::1]/");
    const auto request = ask({"GET", "https://a.example/a%7Eb/../c", {}});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->request.target.path, "/c");
    EXPECT_TRUE(request->request.target.ambiguous);
}

TEST(Question, OptionsWithoutAPathIsAboutTheWholeOrigin) {
    const auto request = ask({"OPTIONS", "https://a.example", {}});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->request.target.path, "*");
    EXPECT_EQ(to_string(request->request), "OPTIONS https://a.example");
    EXPECT_EQ(asked({"OPTIONS", "https://a.example/", {}}), "OPTIONS https://a.example/");
}

TEST(Question, RefusesWhatTheProxyRefuses) {
    EXPECT_EQ(asked({"GET", "ftp://a.example/", {}}), "bad_request");
    EXPECT_EQ(asked({"GET", "a.example", {}}), "bad_request");
    EXPECT_EQ(asked({"GET", "https://user@a.example/", {}}), "bad_authority");
    EXPECT_EQ(asked({"GET", "https:///x", {}}), "bad_authority");
    EXPECT_EQ(asked({"GET", "https://a.example/a b", {}}), "bad_path");
    EXPECT_EQ(asked({"CONNECT", "https://a.example/", {}}), "method_refused");
    EXPECT_EQ(asked({"BREW", "https://a.example/", {}}), "bad_request");
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"Host", "b.example"}}}), "misdirected");
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"Host", "A.example:443"}}}), "GET https://a.example/");
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"a b", "x"}}}), "bad_request");
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"Connection", "Authorization"}}}), "bad_request");
    EXPECT_EQ(asked({"GET", "https://a.example/" + std::string(40'000, 'a'), {}}), "uri_too_long");
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"a", std::string(70'000, 'a')}}}), "header_too_large");
}

TEST(Question, WhyThereIsNoAnswerIsSaid) {
    EXPECT_EQ(reason_of_refusal(ask({"GET", "a.example/", {}}).error()),
              "the request is not well-formed HTTP (a URL begins with https:// or http://)");
    EXPECT_EQ(reason_of_refusal({ErrorCode::bad_request, ""}), "the request is not well-formed HTTP");
}

TEST(Question, HeadersAreThoseThatRulesSee) {
    const auto request =
        ask({"GET",
             "https://a.example/",
             {{"X-A", " 1 "}, {"x-a", "2"}, {"Connection", "x-b, upgrade"}, {"X-B", "3"}, {"Upgrade", "WebSocket"}}});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->headers.get("X-A"), "1");
    EXPECT_EQ(request->headers.count("X-A"), 2u);
    EXPECT_EQ(request->headers.get("Host"), "a.example");
    EXPECT_FALSE(request->headers.has("X-B"));
    EXPECT_FALSE(request->headers.has("Connection"));
    EXPECT_TRUE(request->websocket);
    EXPECT_FALSE(ask({"GET", "https://a.example/", {{"Upgrade", "websocket"}}})->websocket);
    EXPECT_FALSE(ask({"GET", "https://a.example/", {{"Upgrade", "h2c"}, {"Connection", "upgrade"}}})->websocket);
    EXPECT_EQ(asked({"GET", "https://a.example/", {{"Upgrade", "tls/1.3"}, {"Connection", "upgrade"}}}),
              "upgrade_refused");
}

}  // namespace
}  // namespace sallyport::rules
