#include "secrets/gcp_service_account.h"

#include <gtest/gtest.h>

#include "desk.h"
#include "sample_keys.h"
#include "secrets/jwt.h"

namespace sallyport::secrets {
namespace {

using nlohmann::json;

// The key's file as Google gives it out; where it says that tokens are to be asked for is not believed.
std::string key_file(const char* pem = sample::kRsaPkcs8) {
    return json{{"type", "service_account"},
                {"private_key_id", "kid-7"},
                {"private_key", pem},
                {"client_email", "agent@project.iam.gserviceaccount.com"},
                {"token_uri", "https://evil.example/token"}}
        .dump(2);
}

// https://oauth2.googleapis.com/token
HttpReply google(const HttpRequest& request) {
    EXPECT_EQ(request.url, "https://oauth2.googleapis.com/token");
    auto form = form_of(request);
    if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer") return reply(400, R"({"error":"unsupported_grant_type"})");
    const auto jwt = sample::verified(form["assertion"]);
    if (!jwt || jwt->header.at("alg") != "RS256" || jwt->header.at("kid") != "kid-7") return reply(400, R"({"error":"invalid_grant"})");
    const json& claims = jwt->claims;
    const long now = 1'700'000'000, iat = claims.at("iat").get<long>(), exp = claims.at("exp").get<long>();
    if (claims.at("aud") != "https://oauth2.googleapis.com/token" || iat > now || exp <= now || exp > iat + 3600 ||
        claims.at("iss") != "agent@project.iam.gserviceaccount.com") {
        return reply(400, R"({"error":"invalid_grant"})");
    }
    if (claims.contains("target_audience") == claims.contains("scope")) return reply(400, R"({"error":"invalid_request"})");
    if (claims.contains("scope")) {
        return reply(200, json{{"access_token", "ya29.mArKeR-" + claims.at("scope").get<std::string>() + claims.value("sub", "")},
                               {"expires_in", 3599},
                               {"token_type", "Bearer"}}
                              .dump());
    }
    JsonObject id;
    id.field("aud", claims.at("target_audience").get<std::string>()).number("exp", now + 1800);
    const auto token = sign_jwt(*SigningKey::from_pem(sample::kRsaPkcs8), id.text());
    return reply(200, json{{"id_token", token->reveal()}}.dump());
}

class GcpServiceAccount : public testing::Test {
protected:
    GcpServiceAccount() : desk_{{"key", key_file()}} {
        config_.key = text_of("${secrets.key}");
        config_.scope = text_of("cloud-platform");
        desk_.server = [](const HttpRequest& request) { return google(request); };
    }

    std::string outcome() { return desk_.outcome(GcpServiceAccountProvider(config_)); }

    Desk desk_;
    GcpServiceAccountConfig config_;
};

TEST_F(GcpServiceAccount, GetsAnAccessTokenForScopes) {
    EXPECT_EQ(outcome(), "ya29.mArKeR-cloud-platform");
    EXPECT_EQ(desk_.lifetime(GcpServiceAccountProvider(config_)), 3539);
    config_.subject = text_of("user@example.org");
    EXPECT_EQ(outcome(), "ya29.mArKeR-cloud-platformuser@example.org");
}

TEST_F(GcpServiceAccount, GetsAnIdTokenForAnAudience) {
    config_.scope = {};
    config_.audience = text_of("https://run.example");
    const auto jwt = sample::verified(outcome());
    ASSERT_TRUE(jwt);
    EXPECT_EQ(jwt->claims.at("aud"), "https://run.example");
    EXPECT_EQ(desk_.lifetime(GcpServiceAccountProvider(config_)), 1740);
}

TEST_F(GcpServiceAccount, D21TheKeysFileDoesNotSayWhereItIsSent) {
    outcome();
    EXPECT_EQ(desk_.requests, std::vector<std::string>{"POST https://oauth2.googleapis.com/token"});
}

TEST_F(GcpServiceAccount, AKeyThatIsNoneIsNotQuoted) {
    const std::string expected =
        "secret_unavailable: the service account's key is not the JSON document with \"client_email\" and \"private_key\"";
    for (const char* file : {"mArKeR", "{}", "[]", R"({"client_email":"mArKeR"})", R"({"client_email":"a","private_key":7})"}) {
        desk_.give({{"key", file}});
        EXPECT_EQ(outcome(), expected);
    }
    desk_.give({{"key", key_file("mArKeR")}});
    EXPECT_EQ(outcome(), "secret_unavailable: the private key is not a key in PEM without a passphrase");
    desk_.give({{"key", key_file(sample::kEcPkcs8)}});
    EXPECT_EQ(outcome(), "secret_unavailable: the private key cannot make such a signature");
}

}  // namespace
}  // namespace sallyport::secrets
