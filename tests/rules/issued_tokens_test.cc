#include "rules/issued_tokens.h"

#include <gtest/gtest.h>

#include "rules/base64.h"
#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string kAccess = "mArKeR-access-0123456789abcdefghijklmnop";
const std::string kRefresh = "mArKeR-refresh-0123456789abcdefghijklmno";
// {"alg":"RS256"} . {"sub":"x","exp":1} . a signature
const std::string kClaims = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.";
const std::string kSignature = "mArKeR_signature-0123456789ABCDEFGHIJKLMNOPQRSTUV";

std::string base64(std::string_view text) {
    Buffer out;
    append_base64(out, text);
    return std::string(out.view());
}

class IssuedTokensTest : public testing::Test {
protected:
    IssuedTokensTest() { swap_.hosts.push_back(parse_host_pattern("api.example").value()); }

    // What the sandbox gets; or the error's tag.
    std::string answer(const std::string& body, const std::string& type = "application/json", int status = 200) {
        http::ResponseHead head;
        head.status = status;
        if (!type.empty()) head.headers.add("Content-Type", type);
        Buffer out;
        const auto swapped = issued_.swap_answer(swap_, sample::request_of("POST https://auth.example/token"), head, body, out);
        return swapped ? std::string(out.view()) : std::string(tag(swapped.error().code));
    }

    // Logs in; returns what stands for the access token.
    std::string issue(const std::string& token = kAccess) {
        const std::string body = answer("{\"access_token\":\"" + token + "\"}");
        return body.substr(17, body.size() - 19);
    }

    struct Sent {
        std::string error;
        http::RequestHead head;
        std::string body;
    };
    Sent send(const std::string& line, const Fields& fields, const std::string& body = "",
              http::Scheme sent_over = http::Scheme::https, bool has_swap = true) {
        Sent sent;
        sent.head.target = "/";
        for (const auto& [name, value] : fields) sent.head.headers.add(name, value);
        if (!body.empty()) sent.head.body = {http::BodyKind::length, body.size()};
        const auto canonical = sample::request_of(line);
        OutgoingRequest request{sent.head, canonical, {}, random_, &issued_};
        Buffer buffer;
        buffer.append(body);
        if (issued_.body_use(has_swap ? &swap_ : nullptr, sent.head) == BodyUse::whole) request.body = &buffer;
        const auto settled = settle_placeholders(request, has_swap ? &swap_ : nullptr, sent_over);
        if (!settled) sent.error = tag(settled.error().code);
        sent.body = buffer.view();
        return sent;
    }
    std::string authorization(const std::string& line, const std::string& value) {
        const Sent sent = send(line, {{"Authorization", value}});
        return sent.error.empty() ? std::string(*sent.head.headers.get("Authorization")) : sent.error;
    }

    CountingRandom random_;
    IssuedTokens issued_{random_};
    TokenSwap swap_;
};

TEST_F(IssuedTokensTest, R10_TokensStayOutsideAndAllElseIsAsItWas) {
    const std::string body = answer("{ \"access_token\" : \"" + kAccess + "\", \"expires_in\": 3600, \"user\":{\"refresh_token\":\"" +
                                    kRefresh + "\"}, \"scope\":\"a \\\"b\\\"\", \"id_token\":null}");
    EXPECT_EQ(body.find("mArKeR"), std::string::npos);
    const auto first = find_placeholder(body);
    const auto second = find_placeholder(body, body.find(first) + 1);
    EXPECT_EQ(first.size(), kAccess.size());
    EXPECT_EQ(second.size(), kRefresh.size());
    EXPECT_EQ(body, "{ \"access_token\" : \"" + std::string(first) + "\", \"expires_in\": 3600, \"user\":{\"refresh_token\":\"" +
                        std::string(second) + "\"}, \"scope\":\"a \\\"b\\\"\", \"id_token\":null}");
}

TEST_F(IssuedTokensTest, R10_TheNamesOfFieldsMayBeSpeltInAnyWay) {
    for (const std::string key : {"Access_Token", "acces\\u0073_token", "ACCESS_TOKEN"}) {
        EXPECT_EQ(answer("{\"" + key + "\":\"" + kAccess + "\"}").find("mArKeR"), std::string::npos) << key;
    }
    EXPECT_EQ(answer("{\"access_token\":\"mArKeR\\u002dx\\/y\"}").find("mArKeR"), std::string::npos);
    EXPECT_EQ(authorization("GET https://api.example/", "Bearer " + issue("a\\/b\\u0041")), "Bearer a/bA");
}

TEST_F(IssuedTokensTest, R10_FormsAreReadToo) {
    const std::string body = answer("access_token=" + kAccess + "&scope=a%20b&Refresh%5Ftoken=mArKeR%2F1&token_type=bearer",
                                    "application/x-www-form-urlencoded; charset=utf-8");
    EXPECT_EQ(body.find("mArKeR"), std::string::npos);
    EXPECT_NE(body.find("&scope=a%20b&Refresh%5Ftoken=sallyp0x"), std::string::npos);
    EXPECT_TRUE(body.ends_with("&token_type=bearer"));
}

TEST_F(IssuedTokensTest, R10_WhatCannotBeReadIsDropped) {
    for (const std::string body : {"{\"access_token\":\"x\"", "{\"access_token\":{\"value\":\"x\"}}", "{\"access_token\":[\"x\"]}",
                                   "{\"access_token\":7}", "<html>", "access_token=x", "\"x\"", "{\"access_token\":\"\\ud800\"}"}) {
        EXPECT_EQ(answer(body, "text/html"), "origin_bad_response") << body;
    }
    EXPECT_EQ(answer("{" + std::string(kTokenAnswerBytesMax, ' ') + "}"), "origin_bad_response");
    EXPECT_EQ(answer(""), "");
    EXPECT_EQ(answer("<html>no", "text/html", 400), "<html>no");
    EXPECT_EQ(answer("{\"error\":\"invalid_grant\"}", "text/plain", 400), "{\"error\":\"invalid_grant\"}");
}

TEST_F(IssuedTokensTest, R10_AJwtKeepsWhatItSaysAndLosesItsSignature) {
    const std::string stand_in = issue(kClaims + kSignature);
    EXPECT_TRUE(stand_in.starts_with(kClaims + "sallyp0x"));
    EXPECT_EQ(stand_in.size(), kClaims.size() + kSignature.size());
    EXPECT_EQ(authorization("GET https://api.example/", "Bearer " + stand_in), "Bearer " + kClaims + kSignature);
    EXPECT_EQ(authorization("GET https://api.example/", "Bearer " + stand_in.substr(3)), "placeholder_misused");
    NeedleTexts texts;
    issued_.collect(texts);
    EXPECT_EQ(texts.secrets, (std::vector<std::string_view>{kClaims + kSignature, kSignature}));
}

TEST_F(IssuedTokensTest, TheyArePutBackInAuthorizationForTheHostsOfTheRule) {
    const std::string stand_in = issue();
    for (const std::string line : {"GET https://api.example/x", "GET https://auth.example/x"}) {
        EXPECT_EQ(authorization(line, "Bearer " + stand_in), "Bearer " + kAccess);
        EXPECT_EQ(authorization(line, "token " + stand_in), "token " + kAccess);
        EXPECT_EQ(authorization(line, "Basic " + base64("x-access-token:" + stand_in)), "Basic " + base64("x-access-token:" + kAccess));
        EXPECT_EQ(authorization(line, "basic " + base64(stand_in + ":")), "Basic " + base64(kAccess + ":"));
    }
    EXPECT_EQ(authorization("GET https://api.example/x", "Bearer own"), "Bearer own");
}

TEST_F(IssuedTokensTest, R16_NowhereElseAreTheyWorthAnything) {
    const std::string stand_in = issue();
    for (const std::string line : {"GET https://evil.example/", "GET https://x.api.example/", "GET https://api.example:8443/",
                                   "GET https://auth.example:8443/", "GET https://192.0.2.1/"}) {
        EXPECT_EQ(authorization(line, "Bearer " + stand_in), "placeholder_misused") << line;
    }
    EXPECT_EQ(send("GET https://api.example/", {{"X-Other", stand_in}}).error, "placeholder_misused");
    EXPECT_EQ(send("GET https://api.example/", {{"Authorization", "Bearer " + stand_in}}, "", http::Scheme::http).error,
              "placeholder_misused");
    EXPECT_EQ(authorization("GET https://api.example/", "Bearer " + stand_in + "a"), "placeholder_misused");
    IssuedTokens others(random_);
    http::RequestHead head;
    head.headers.add("Authorization", "Bearer " + stand_in);
    const auto canonical = sample::request_of("GET https://api.example/");
    OutgoingRequest request{head, canonical, {}, random_, &others};
    EXPECT_EQ(settle_placeholders(request, nullptr, http::Scheme::https).error().code, ErrorCode::placeholder_misused);
    request.issued = nullptr;
    EXPECT_EQ(settle_placeholders(request, nullptr, http::Scheme::https).error().code, ErrorCode::placeholder_misused);
}

TEST_F(IssuedTokensTest, ARefreshGoesOutWithTheRealToken) {
    const std::string stand_in = issue("tok/mArKeR-0123456789abcdefghijklmnopqrst+");
    const auto form = send("POST https://auth.example/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
                           "grant_type=refresh_token&refresh_token=" + stand_in + "&x=1");
    EXPECT_EQ(form.error, "");
    EXPECT_EQ(form.body, "grant_type=refresh_token&refresh_token=tok%2FmArKeR-0123456789abcdefghijklmnopqrst%2B&x=1");
    EXPECT_EQ(form.head.body.length_bytes, form.body.size());
    const auto json = send("POST https://auth.example/token", {{"Content-Type", "application/json"}},
                           "{\"a\":1,\"token\":\"" + stand_in + "\"}");
    EXPECT_EQ(json.error, "");
    EXPECT_EQ(json.body, "{\"a\":1,\"token\":\"tok/mArKeR-0123456789abcdefghijklmnopqrst+\"}");
    EXPECT_EQ(json.head.body.length_bytes, json.body.size());
}

TEST_F(IssuedTokensTest, R12_InABodyTheyStandForNothingOutsideOfTheFieldsForTokens) {
    const std::string stand_in = issue();
    const Fields form{{"Content-Type", "application/x-www-form-urlencoded"}};
    const Fields json{{"Content-Type", "application/json"}};
    const std::string line = "POST https://auth.example/token";
    EXPECT_EQ(send(line, form, "comment=" + stand_in).error, "placeholder_misused");
    EXPECT_EQ(send(line, form, "client_assertion=" + stand_in).error, "placeholder_misused");
    EXPECT_EQ(send(line, json, "{\"title\":\"" + stand_in + "\"}").error, "placeholder_misused");
    EXPECT_EQ(send("POST https://evil.example/", json, "{\"token\":\"" + stand_in + "\"}").error, "placeholder_misused");
    EXPECT_EQ(send(line, json, "{\"token\":\"" + stand_in + "\"").error, "body_unreadable");
    EXPECT_EQ(send(line, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}, "x").error, "body_unreadable");
    // Bodies of rules without `tokens` are not looked at.
    const auto other = send("POST https://api.example/", json, "{\"title\":\"" + stand_in + "\"}", http::Scheme::https, false);
    EXPECT_EQ(other.error + other.body, "{\"title\":\"" + stand_in + "\"}");
}

TEST_F(IssuedTokensTest, TheSameTokenHasOneStandInAndTheTableIsBounded) {
    const std::string first = issue();
    const auto revision = issued_.revision();
    EXPECT_EQ(issue(), first);
    EXPECT_EQ(issued_.revision(), revision);
    for (std::size_t i = 0; i < kIssuedTokensMax + 5; ++i) {
        issue("mArKeR-other-0123456789abcdefghijk-" + std::to_string(i));
        // Used all the time: it stays.
        EXPECT_EQ(authorization("GET https://api.example/", "Bearer " + first), "Bearer " + kAccess);
    }
    EXPECT_EQ(issued_.size(), kIssuedTokensMax);
    EXPECT_NE(issued_.revision(), revision);
}

TEST_F(IssuedTokensTest, R10_AnotherRulesGrantIsNotWidened) {
    const std::string first = issue();
    swap_.hosts.clear();
    EXPECT_NE(issue(), first);
    swap_.credential = "hub";
    const std::string third = issue();
    EXPECT_NE(third, first);
    EXPECT_EQ(authorization("GET https://auth.example/", "Bearer " + third), "placeholder_misused");
    http::HeaderMap headers;
    headers.add("Authorization", "Bearer " + third);
    EXPECT_FALSE(issued_.exchange_for("other", headers));
    EXPECT_TRUE(issued_.exchange_for("hub", headers));
    EXPECT_EQ(headers.get("Authorization"), "Bearer " + kAccess);
}

}  // namespace
}  // namespace sallyport::rules
