#include "rules/oauth2_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string outcome(const std::string& text) {
    return sample::outcome(read_oauth2, "oauth2", "{ token_url: \"https://idp.example/token\", " + text + " }");
}

// The first message, without its place.
std::string fault(const std::string& text) {
    const std::string all = outcome(text);
    const auto start = all.find(" error: ");
    EXPECT_EQ(all.find("mArKeR"), std::string::npos);
    return start == all.npos ? all : all.substr(start + 8, all.find('\n') - start - 8);
}

TEST(OAuth2Reader, TakesEachGrant) {
    const char* kGrants[] = {
        "client_id: a, client_secret: \"${secrets.password}\"",
        "grant: client_credentials, client_id: a, client_secret: \"${secrets.password}\", client_auth: post, scopes: [r, w], audience: x, "
        "resource: y, params: { organization: \"${params.org}\" }",
        "client_id: a, client_auth: private_key_jwt, private_key: \"${secrets.password}\", key_id: k, assertion_audience: \"https://idp.example\"",
        "grant: refresh_token, client_id: a, refresh_token: \"${secrets.token}\"",
        "grant: refresh_token, client_id: a, client_secret: \"${secrets.password}\", refresh_token: \"${secrets.token}\"",
        "grant: jwt_bearer, issuer: a, subject: b, private_key: \"${secrets.password}\", scopes: r",
        "grant: jwt_bearer, client_id: a, private_key: \"${secrets.password}\"",
        "grant: token_exchange, client_id: a, client_secret: \"${secrets.password}\", subject_token: \"${secrets.token}\", subject_token_type: jwt",
        "grant: token_exchange, subject_token: \"${secrets.token}\", subject_token_type: \"urn:x:y\", actor_token: \"${secrets.password}\"",
    };
    for (const char* grant : kGrants) EXPECT_EQ(outcome(grant), "oauth2 https://idp.example/token") << grant;
}

TEST(OAuth2Reader, SaysWhatIsWrong) {
    const std::string secret = "client_secret: \"${secrets.password}\"";
    const std::pair<std::string, std::string> kCases[] = {
        {"client_id: a, client_secret: mArKeR", "\"client_secret\" must refer to a secret, \"${secrets.NAME}\": values do not belong in this file"},
        {"client_id: a", "\"client_secret\" is missing, or client_auth: private_key_jwt"},
        {"client_id: a, client_auth: none", "the grant client_credentials needs a client that shows who it is"},
        {"client_id: a, client_auth: post", "\"oauth2\" has no \"client_secret\""},
        {secret, "\"oauth2\" has no \"client_id\""},
        {"client_id: a, client_auth: private_key_jwt", "\"oauth2\" has no \"private_key\""},
        {"client_id: a, client_auth: private_key_jwt, private_key: \"${secrets.token}\", " + secret,
         "\"client_secret\" goes with client_auth basic and post"},
        {"client_id: a, private_key: \"${secrets.token}\", " + secret,
         "\"private_key\" goes with the grant jwt_bearer and with client_auth private_key_jwt"},
        {"grant: password, client_id: a, " + secret, "\"grant\" is one of client_credentials, refresh_token, jwt_bearer, token_exchange"},
        {"grant: refresh_token, client_id: a", "\"oauth2\" has no \"refresh_token\""},
        {"client_id: a, refresh_token: \"${secrets.token}\", " + secret, "\"refresh_token\" belongs to the grant refresh_token"},
        {"grant: jwt_bearer, private_key: \"${secrets.token}\"", "the grant jwt_bearer needs an \"issuer\" or a \"client_id\""},
        {"grant: token_exchange, subject_token: \"${secrets.token}\", subject_token_type: saml",
         "\"subject_token_type\" is a URI, or one of access_token, refresh_token, id_token, saml1, saml2, jwt"},
        {"client_id: a, " + secret + ", params: { client_id: b }", "\"client_id\" is not set by \"params\""},
        {"client_id: a, " + secret + ", params: [a]", "\"params\" is a mapping of names to values"},
        {"client_id: a, " + secret + ", params: { a: \"${secrets.other}\" }", "secret \"other\" is not defined"},
        {"client_id: a, " + secret + ", scope: a", "unknown key \"scope\", did you mean \"scopes\"?"},
    };
    for (const auto& [text, message] : kCases) EXPECT_EQ(fault(text), message) << text;
}

TEST(OAuth2Reader, D21ATokenUrlIsTheOperators) {
    const auto url = [](const std::string& value) {
        return sample::outcome(read_oauth2, "oauth2", "{ token_url: \"" + value + "\", client_id: a, client_secret: \"${secrets.password}\" }");
    };
    for (const char* bad : {"http://idp.example/token", "https://${params.idp}/token", "https://idp.example/token?x=${labels.y}",
                            "https://user@idp.example/token", "idp.example"}) {
        EXPECT_TRUE(url(bad).starts_with("/etc/gate/f.yaml:1:22: error: \"token_url\"")) << url(bad);
    }
}

}  // namespace
}  // namespace sallyport::rules
