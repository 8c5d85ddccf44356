#include "secrets/azure_client.h"

#include <gtest/gtest.h>

#include "desk.h"
#include "sample_keys.h"

namespace sallyport::secrets {
namespace {

// openssl x509 -outform DER | openssl dgst -sha256 -binary | base64url
constexpr const char* kThumbprint = "zf5O_2_piPTsxt1rCaQKFUzBO7CXi1_pZeUjK0JbwxQ";
constexpr const char* kUrl = "https://login.microsoftonline.com/acme/oauth2/v2.0/token";

bool is_certificate_proof(std::map<std::string, std::string>& form) {
    const auto jwt = sample::verified(form["client_assertion"]);
    if (!jwt || form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") return false;
    const long now = 1'700'000'000;
    const auto& claims = jwt->claims;
    return jwt->header.at("alg") == "PS256" && jwt->header.at("x5t#S256") == kThumbprint && claims.at("aud") == kUrl &&
           claims.at("iss") == "app-1" && claims.at("sub") == "app-1" && claims.at("nbf").get<long>() <= now &&
           claims.at("exp").get<long>() > now && !claims.at("jti").get<std::string>().empty();
}

HttpReply entra(const HttpRequest& request) {
    if (request.url != kUrl) return reply(404, "");
    auto form = form_of(request);
    if (form["grant_type"] != "client_credentials" || form["client_id"] != "app-1") return reply(400, R"({"error":"unauthorized_client"})");
    if (form["scope"] != "https://vault.azure.net/.default") return reply(400, R"({"error":"invalid_scope"})");
    const bool is_proven = form.contains("client_secret") ? form["client_secret"] == "mArKeR~secret" : is_certificate_proof(form);
    if (!is_proven) return reply(401, R"({"error":"invalid_client","error_description":"AADSTS7000215: mArKeR"})");
    return reply(200, R"({"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ.mArKeR"})");
}

class AzureClient : public testing::Test {
protected:
    AzureClient() : desk_{{"secret", "mArKeR~secret"}, {"pem", std::string(sample::kCertificate) + sample::kRsaPkcs8}} {
        config_.tenant = text_of("${params.tenant}");
        config_.client_id = text_of("app-1");
        config_.scope = text_of("https://vault.azure.net/.default");
        desk_.server = [](const HttpRequest& request) { return entra(request); };
    }

    std::string outcome() { return desk_.outcome(AzureClientProvider(config_)); }

    Desk desk_;
    AzureClientConfig config_;
};

TEST_F(AzureClient, ShowsWhoItIsByASecret) {
    config_.client_secret = text_of("${secrets.secret}");
    EXPECT_EQ(outcome(), "eyJ.mArKeR");
    EXPECT_EQ(desk_.lifetime(AzureClientProvider(config_)), 3539);
    desk_.give({{"secret", "mArKeR wrong"}});
    EXPECT_EQ(outcome(), "denied: https://login.microsoftonline.com answered 401: invalid_client");
}

TEST_F(AzureClient, ShowsWhoItIsByACertificate) {
    config_.certificate = text_of("${secrets.pem}");
    EXPECT_EQ(outcome(), "eyJ.mArKeR");
    desk_.give({{"pem", std::string(sample::kRsaPkcs8) + sample::kCertificate}});
    EXPECT_EQ(outcome(), "eyJ.mArKeR");
    desk_.give({{"pem", sample::kRsaPkcs8}});
    EXPECT_EQ(outcome(), "secret_unavailable: there is no certificate in PEM beside the private key");
    desk_.give({{"pem", sample::kCertificate}});
    EXPECT_EQ(outcome(), "secret_unavailable: the private key is not a key in PEM without a passphrase");
}

TEST_F(AzureClient, ATenantStaysOneSegment) {
    config_.client_secret = text_of("${secrets.secret}");
    config_.tenant = text_of("${params.hostile}");
    EXPECT_EQ(outcome(), "secret_unavailable: https://login.microsoftonline.com answered 404");
    EXPECT_EQ(desk_.requests.back(), "POST https://login.microsoftonline.com/..%2Fadmin/oauth2/v2.0/token");
    config_.tenant = text_of("${params.dots}");
    EXPECT_EQ(outcome(), "secret_unavailable: what is filled into ${params.dots} would lead elsewhere");
}

}  // namespace
}  // namespace sallyport::secrets
