#include "secrets/oauth2.h"

#include <gtest/gtest.h>

#include <set>

#include "desk.h"
#include "sample_keys.h"

namespace sallyport::secrets {
namespace {

constexpr const char* kEndpoint = "https://idp.example/oauth2/token";
constexpr const char* kGrantOfJwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";

// A token endpoint as RFC 6749 and its extensions describe it: checks the client, then the grant, and uses up what may be
// used once.
class TokenEndpoint {
public:
    Result<HttpReply> answer(const HttpRequest& request) {
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(request.url, kEndpoint);
        EXPECT_EQ(field_of(request, "Accept"), "application/json");
        form = form_of(request);
        if (is_down) return failure(ErrorCode::secret_unavailable, "idp.example: connection refused");
        if (!is_client(request)) return reply(401, R"({"error":"invalid_client"})");
        const std::string fault = fault_of_grant();
        if (!fault.empty()) return reply(400, "{\"error\":\"" + fault + "\"}");
        ++issued;
        std::string body = "{\"access_token\":\"mArKeR-" + std::to_string(issued) + "\",\"token_type\":\"Bearer\",\"expires_in\":3600";
        if (rotates) body += ",\"refresh_token\":\"" + refresh_token + "\"";
        return reply(200, body + "}");
    }

    std::string client_auth = "basic";
    std::string refresh_token = "mArKeR-refresh-0";
    bool rotates = false;
    bool is_down = false;
    std::map<std::string, std::string> form;
    int issued = 0;

private:
    bool is_client(const HttpRequest& request) {
        const bool has_basic = !field_of(request, "Authorization").empty();
        // RFC 6749 section 2.3: one way of showing who it is, not two.
        if (has_basic && (form.contains("client_id") || form.contains("client_secret"))) return false;
        if (client_auth == "basic") return basic_of(request) == "agent%3A1:mArKeR%20secret";
        if (client_auth == "post") return form["client_id"] == "agent:1" && form["client_secret"] == "mArKeR secret";
        if (client_auth == "none") return !has_basic && !form.contains("client_secret");
        return form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
               is_assertion(form["client_assertion"], "agent:1", "agent:1");
    }

    bool is_assertion(const std::string& token, const std::string& issuer, const std::string& subject) {
        const auto jwt = sample::verified(token);
        if (!jwt || jwt->header.value("kid", "") != "key-1") return false;
        const auto& claims = jwt->claims;
        const long now = 1'700'000'000, exp = claims.at("exp").get<long>();
        return claims.at("iss") == issuer && claims.value("sub", "") == subject && claims.at("aud") == kEndpoint && exp > now &&
               exp <= now + 600 && claims.at("iat").get<long>() <= now && used_ids_.insert(claims.at("jti").get<std::string>()).second;
    }

    std::string fault_of_grant() {
        const std::string grant = form["grant_type"];
        if (grant == "client_credentials") return "";
        return grant == "refresh_token" ? fault_of_refresh() : fault_of_other(grant);
    }

    std::string fault_of_refresh() {
        if (form["refresh_token"] != refresh_token) return "invalid_grant";
        if (rotates) refresh_token += "+";
        return "";
    }

    std::string fault_of_other(const std::string& grant) {
        if (grant == kGrantOfJwt) return is_assertion(form["assertion"], "issuer", "user-7") ? "" : "invalid_grant";
        if (grant != "urn:ietf:params:oauth:grant-type:token-exchange") return "unsupported_grant_type";
        const bool is_good = form["subject_token"] == "mArKeR-subject" && form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt" &&
                             form["actor_token"] == "mArKeR-actor" && form["actor_token_type"] == "urn:ietf:params:oauth:token-type:access_token";
        return is_good ? "" : "invalid_request";
    }

    std::set<std::string> used_ids_;
};

class OAuth2 : public testing::Test {
protected:
    OAuth2() {
        config_.token_endpoint.url = kEndpoint;
        config_.client_id = text_of("agent:1");
        config_.client_secret = text_of("${secrets.client_secret}");
        config_.key = {text_of("${secrets.key}"), "key-1"};
        desk_.give(kSecrets);
        desk_.server = [this](const HttpRequest& request) { return endpoint_.answer(request); };
    }

    std::string outcome() { return desk_.outcome(OAuth2Provider(config_)); }

    const std::map<std::string, std::string> kSecrets = {
        {"client_secret", "mArKeR secret"}, {"key", sample::kRsaPkcs8},       {"refresh", "mArKeR-refresh-0"},
        {"subject", "mArKeR-subject"},      {"actor", "mArKeR-actor"},
    };
    Desk desk_;
    TokenEndpoint endpoint_;
    OAuth2Config config_;
};

TEST_F(OAuth2, ClientCredentialsWithBasic) {
    EXPECT_EQ(outcome(), "mArKeR-1");
    EXPECT_EQ(desk_.lifetime(OAuth2Provider(config_)), 3540);
    EXPECT_EQ(endpoint_.form, (std::map<std::string, std::string>{{"grant_type", "client_credentials"}}));
    desk_.give({{"client_secret", "mArKeR wrong"}});
    EXPECT_EQ(outcome(), "denied: https://idp.example answered 401: invalid_client");
}

TEST_F(OAuth2, ClientCredentialsInTheForm) {
    config_.client_auth = ClientAuth::post;
    endpoint_.client_auth = "post";
    EXPECT_EQ(outcome(), "mArKeR-1");
}

TEST_F(OAuth2, ClientCredentialsWithASignedAssertionEachTimeANewOne) {
    config_.client_auth = ClientAuth::private_key_jwt;
    endpoint_.client_auth = "private_key_jwt";
    for (const char* key : {sample::kRsaPkcs1, sample::kRsaPkcs8, sample::kEcSec1, sample::kEcPkcs8}) {
        desk_.give({{"key", key}});
        EXPECT_TRUE(outcome().starts_with("mArKeR-")) << key;
    }
    desk_.give({{"key", "mArKeR no key"}});
    EXPECT_EQ(outcome(), "secret_unavailable: the private key is not a key in PEM without a passphrase");
}

TEST_F(OAuth2, ScopesAudienceAndOtherParametersAreSent) {
    config_.scope = text_of("read:${params.tenant} write");
    config_.audience = text_of("https://api.example");
    config_.resource = text_of("https://api.example/v2");
    config_.parameters = {{"organization", text_of("${labels.team}")}};
    EXPECT_EQ(outcome(), "mArKeR-1");
    EXPECT_EQ(endpoint_.form["scope"], "read:acme write");
    EXPECT_EQ(endpoint_.form["audience"], "https://api.example");
    EXPECT_EQ(endpoint_.form["resource"], "https://api.example/v2");
    EXPECT_EQ(endpoint_.form["organization"], "red");
}

TEST_F(OAuth2, ARefreshTokenThatIsReplacedIsNotSentAgain) {
    config_.grant = OAuth2Grant::refresh_token;
    config_.refresh_token = text_of("${secrets.refresh}");
    endpoint_.rotates = true;
    EXPECT_EQ(outcome(), "mArKeR-1");
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(endpoint_.form["refresh_token"], "mArKeR-refresh-0+");
    endpoint_.is_down = true;
    EXPECT_EQ(outcome(), "secret_unavailable: idp.example: connection refused");
    endpoint_.is_down = false;
    EXPECT_EQ(outcome(), "mArKeR-3");
}

TEST_F(OAuth2, ARefreshTokenThatTheOperatorReplacesIsSentFromThenOn) {
    config_.grant = OAuth2Grant::refresh_token;
    config_.refresh_token = text_of("${secrets.refresh}");
    endpoint_.rotates = true;
    EXPECT_EQ(outcome(), "mArKeR-1");
    endpoint_.refresh_token = "mArKeR-new";
    EXPECT_EQ(outcome(), "denied: https://idp.example answered 400: invalid_grant");
    auto secrets = kSecrets;
    secrets["refresh"] = "mArKeR-new";
    desk_.give(secrets);
    EXPECT_EQ(outcome(), "mArKeR-2");
}

TEST_F(OAuth2, ARefreshTokenThatStaysIsSentAgain) {
    config_.grant = OAuth2Grant::refresh_token;
    config_.refresh_token = text_of("${secrets.refresh}");
    EXPECT_EQ(outcome(), "mArKeR-1");
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(endpoint_.form["refresh_token"], "mArKeR-refresh-0");
}

TEST_F(OAuth2, AnAssertionIsAGrant) {
    config_.grant = OAuth2Grant::jwt_bearer;
    config_.client_auth = ClientAuth::none;
    config_.client_id = {};
    config_.issuer = text_of("issuer");
    config_.subject = text_of("user-7");
    endpoint_.client_auth = "none";
    EXPECT_EQ(outcome(), "mArKeR-1");
    EXPECT_FALSE(endpoint_.form.contains("client_id"));
    config_.subject = text_of("somebody-else");
    EXPECT_EQ(outcome(), "denied: https://idp.example answered 400: invalid_grant");
}

TEST_F(OAuth2, ATokenIsExchangedForAnother) {
    config_.grant = OAuth2Grant::token_exchange;
    config_.subject_token = text_of("${secrets.subject}");
    config_.subject_token_type = "urn:ietf:params:oauth:token-type:jwt";
    config_.actor_token = text_of("${secrets.actor}");
    config_.actor_token_type = "urn:ietf:params:oauth:token-type:access_token";
    EXPECT_EQ(outcome(), "mArKeR-1");
}

TEST_F(OAuth2, ATokenThatIsMissingIsNotAskedWithout) {
    desk_.give({});
    EXPECT_EQ(outcome(), "secret_unavailable: secret \"client_secret\" is not defined");
    EXPECT_TRUE(desk_.requests.empty());
}

TEST_F(OAuth2, D21NothingOfASandboxSaysWhereSecretsAreSent) {
    int texts = 0;
    OAuth2Provider(config_).visit_templates([&](const TemplateText& text) {
        ++texts;
        EXPECT_NE(text, text_of(kEndpoint));
    });
    EXPECT_EQ(texts, 3);
    // An answer cannot either: a redirect is not followed.
    desk_.server = [](const HttpRequest&) {
        auto answer = reply(307, "");
        answer.fields.emplace_back("location", "https://evil.example/token");
        return Result<HttpReply>(std::move(answer));
    };
    EXPECT_EQ(outcome(), "secret_unavailable: https://idp.example answered 307");
    EXPECT_EQ(desk_.requests, std::vector<std::string>{std::string("POST ") + kEndpoint});
}

}  // namespace
}  // namespace sallyport::secrets
