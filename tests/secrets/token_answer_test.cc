#include "secrets/token_answer.h"

#include <gtest/gtest.h>

#include "desk.h"
#include "sample_keys.h"
#include "secrets/jwt.h"

namespace sallyport::secrets {
namespace {

using std::chrono::seconds;

const WallClock::time_point kNow{seconds(1'700'000'000)};

Result<TokenAnswer> read(int status, std::string body) {
    HttpRequest request;
    request.url = "https://idp.example/token";
    const auto answer = reply(status, std::move(body));
    return read_token_answer(request, answer, kNow);
}

std::string fault(int status, std::string body) {
    const auto answer = read(status, std::move(body));
    if (answer) return "taken";
    EXPECT_EQ(answer.error().detail.find("mArKeR"), std::string::npos) << answer.error().detail;
    return std::string(tag(answer.error().code)) + ": " + answer.error().detail;
}

TEST(TokenAnswer, IsATokenAndItsEnd) {
    const auto answer = read(200, R"({"access_token":"mArKeR","token_type":"Bearer","expires_in":3600,"refresh_token":"next"})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->token.reveal(), "mArKeR");
    EXPECT_EQ(answer->expires_at, kNow + seconds(3540));
    EXPECT_EQ(answer->refresh_token->reveal(), "next");
}

TEST(TokenAnswer, WithoutAnEndLastsTenMinutes) {
    const auto answer = read(200, R"({"access_token":"mArKeR","token_type":"bearer"})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->expires_at, kNow + seconds(540));
    EXPECT_FALSE(answer->refresh_token);
}

TEST(TokenAnswer, ThatLiesIsAFailure) {
    const std::pair<std::string, std::string> kLies[] = {
        {"<html>mArKeR</html>", "https://idp.example answered 200 with something that is not a JSON object"},
        {"", "https://idp.example answered 200 with something that is not a JSON object"},
        {R"({"token":"mArKeR"})", "the answer's \"access_token\" is missing, or there several times"},
        {R"({"access_token":"a","access_token":"mArKeR"})", "the answer's \"access_token\" is missing, or there several times"},
        {R"({"access_token":7})", "the answer's \"access_token\" is not a text"},
        {R"({"access_token":""})", "the answer's \"access_token\" cannot be used: the value is empty"},
        {R"({"access_token":"mArKeR\r\nX: y"})", "the answer's \"access_token\" cannot be used: the value holds control characters"},
        {R"({"access_token":"mArKeR two"})", "the answer's \"access_token\" is not a token"},
        {R"({"access_token":"{\"mArKeR\":\"\n\"}"})", "the answer's \"access_token\" is not a token"},
        {R"({"access_token":"mArKeR\u00e4"})", "the answer's \"access_token\" is not a token"},
        {"{\"access_token\":\"" + std::string(70'000, 'x') + "\"}", "the answer's \"access_token\" cannot be used: the value is over 64 KiB"},
        {R"({"access_token":"mArKeR","token_type":"DPoP"})", "the answer's \"token_type\" is not Bearer"},
        {R"({"access_token":"mArKeR","token_type":["Bearer"]})", "the answer's \"token_type\" is not Bearer"},
        {R"({"access_token":"mArKeR","expires_in":-1})", "the answer's \"expires_in\" is not a time to live"},
        {R"({"access_token":"mArKeR","expires_in":0})", "the answer's \"expires_in\" is not a time to live"},
        {R"({"access_token":"mArKeR","expires_in":"soon"})", "the answer's \"expires_in\" is not a time to live"},
        {R"({"access_token":"mArKeR","refresh_token":{"a":1}})", "the answer's \"refresh_token\" is not a text"},
    };
    for (const auto& [body, detail] : kLies) EXPECT_EQ(fault(200, body), "secret_unavailable: " + detail);
}

TEST(TokenAnswer, ARefusalOfTheClientOrItsGrantIsARevocation) {
    for (const std::string name : {"invalid_client", "invalid_grant", "unauthorized_client", "access_denied"}) {
        const std::string body = "{\"error\":\"" + name + "\",\"error_description\":\"mArKeR\"}";
        EXPECT_EQ(fault(400, body), "denied: https://idp.example answered 400: " + name);
        EXPECT_EQ(fault(503, body), "secret_unavailable: https://idp.example answered 503");
    }
    EXPECT_EQ(fault(400, R"({"error":"invalid_scope"})"), "secret_unavailable: https://idp.example answered 400: invalid_scope");
}

TEST(TokenAnswer, AllElseMayPass) {
    EXPECT_EQ(fault(400, R"({"error":"mArKeR"})"), "secret_unavailable: https://idp.example answered 400");
    EXPECT_EQ(fault(500, "mArKeR"), "secret_unavailable: https://idp.example answered 500");
    EXPECT_EQ(fault(302, ""), "secret_unavailable: https://idp.example answered 302");
    EXPECT_EQ(fault(429, "{}"), "secret_unavailable: https://idp.example answered 429");
}

TEST(TokenAnswer, AnIdTokenSaysItselfWhenItEnds) {
    HttpRequest request;
    request.url = "https://idp.example/token";
    const auto id_token = [](std::int64_t exp) {
        JsonObject claims;
        claims.number("exp", exp);
        return std::string(sign_jwt(*SigningKey::from_pem(sample::kEcSec1), claims.text())->reveal());
    };
    const auto read = [&](const std::string& token) {
        const auto answer = reply(200, "{\"id_token\":\"" + token + "\"}");
        return read_id_token_answer(request, answer, kNow);
    };
    EXPECT_EQ(read(id_token(1'700'003'600))->expires_at, kNow + seconds(3540));
    EXPECT_EQ(read(id_token(1'699'999'999)).error().detail, "the answer's value has expired already");
    EXPECT_EQ(read("opaque").error().detail, "the answer's \"id_token\" does not say when it ends");
}

}  // namespace
}  // namespace sallyport::secrets
