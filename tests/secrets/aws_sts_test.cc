#include "secrets/aws_sts.h"

#include <gtest/gtest.h>

#include "aws_server.h"

namespace sallyport::secrets {
namespace {

constexpr const char* kRole = "arn:aws:iam::123456789012:role/agent";

std::string credentials(const std::string& action, const std::string& expiration = "2023-11-14T23:13:20Z") {
    return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action + "Result><Credentials>" +
           "<AccessKeyId>ASIAmArKeR</AccessKeyId><SecretAccessKey>mArKeR/+key</SecretAccessKey>" +
           "<SessionToken>mArKeR==</SessionToken><Expiration>" + expiration + "</Expiration></Credentials></" + action + "Result></" +
           action + "Response>";
}

HttpReply error(int status, const std::string& code) {
    return reply(status, "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>mArKeR</Message></Error></ErrorResponse>");
}

class AwsSts : public testing::Test {
protected:
    AwsSts() : desk_{{"id", "AKIA1"}, {"key", "mArKeR-key"}, {"token", "mArKeR.web.token"}} {
        config_.region = "eu-west-1";
        config_.role_arn = text_of(kRole);
        config_.session_name = text_of("sallyport-${sandbox.id}");
        desk_.server = [this](const HttpRequest& request) { return answer(request); };
    }

    void use_keys() { config_.keys = {text_of("${secrets.id}"), text_of("${secrets.key}"), {}, {}}; }

    HttpReply answer(const HttpRequest& request) {
        EXPECT_EQ(request.method + ' ' + request.url, "POST https://sts.eu-west-1.amazonaws.com/");
        form_ = form_of(request);
        if (form_["Version"] != "2011-06-15") return error(400, "InvalidAction");
        if (form_["RoleArn"] != kRole || form_["RoleSessionName"] != "sallyport-agent-47") return error(403, "AccessDenied");
        if (form_["Action"] == "AssumeRole") {
            if (!is_signed(request, {"AKIA1", "mArKeR-key", ""}, "eu-west-1", "sts", desk_.now)) return error(403, "SignatureDoesNotMatch");
            return reply(200, credentials("AssumeRole"));
        }
        // Whoever has only a token must not show keys.
        EXPECT_EQ(field_of(request, "Authorization"), "");
        if (form_["WebIdentityToken"] != "mArKeR.web.token") return error(400, "InvalidIdentityToken");
        return reply(200, credentials("AssumeRoleWithWebIdentity"));
    }

    std::string outcome() { return desk_.outcome(AwsStsProvider(config_)); }

    Desk desk_;
    AwsStsConfig config_;
    std::map<std::string, std::string> form_;
};

const std::string kDocument = R"({"access_key_id":"ASIAmArKeR","secret_access_key":"mArKeR/+key","session_token":"mArKeR=="})";

TEST_F(AwsSts, AssumesARoleWithKeys) {
    use_keys();
    config_.external_id = text_of("ext-1");
    config_.policy = text_of(R"({"Version":"2012-10-17","Statement":[]})");
    config_.duration = std::chrono::seconds(900);
    EXPECT_EQ(outcome(), kDocument);
    EXPECT_EQ(form_["ExternalId"], "ext-1");
    EXPECT_EQ(form_["Policy"], R"({"Version":"2012-10-17","Statement":[]})");
    EXPECT_EQ(form_["DurationSeconds"], "900");
    EXPECT_EQ(desk_.lifetime(AwsStsProvider(config_)), 3540);
}

TEST_F(AwsSts, AssumesARoleWithAWebIdentity) {
    config_.web_identity = text_of("${secrets.token}");
    EXPECT_EQ(outcome(), kDocument);
    desk_.give({{"token", "mArKeR.other"}});
    EXPECT_EQ(outcome(), "denied: https://sts.eu-west-1.amazonaws.com answered 400: InvalidIdentityToken");
}

TEST_F(AwsSts, WhatIsForbiddenIsARevocationAndAllElsePasses) {
    use_keys();
    config_.role_arn = text_of("arn:aws:iam::123456789012:role/other");
    EXPECT_EQ(outcome(), "denied: https://sts.eu-west-1.amazonaws.com answered 403: AccessDenied");
    config_.role_arn = text_of(kRole);
    desk_.give({{"id", "AKIA1"}, {"key", "mArKeR-wrong"}});
    EXPECT_EQ(outcome(), "secret_unavailable: https://sts.eu-west-1.amazonaws.com answered 403");
    desk_.server = [](const HttpRequest&) { return error(500, "AccessDenied"); };
    EXPECT_EQ(outcome(), "secret_unavailable: https://sts.eu-west-1.amazonaws.com answered 500");
}

TEST_F(AwsSts, AnAnswerThatLiesIsAFailure) {
    use_keys();
    const std::string good = credentials("AssumeRole");
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string xml = good;
        return xml.replace(xml.find(from), from.size(), to);
    };
    const std::pair<std::string, std::string> kLies[] = {
        {"<html>mArKeR</html>", "the answer has no single \"AccessKeyId\""},
        {changed("mArKeR/+key", ""), "the answer has no single \"SecretAccessKey\""},
        {changed("mArKeR/+key", "mArKeR x"), "the answer has no single \"SecretAccessKey\""},
        {good + good, "the answer has no single \"AccessKeyId\""},
        {changed("<SessionToken>mArKeR==</SessionToken>", ""), "the answer has no single \"SessionToken\""},
        {credentials("AssumeRole", "never"), "the answer's \"Expiration\" is not a time"},
        {credentials("AssumeRole", "2023-11-14T22:13:20Z"), "the answer's value has expired already"},
    };
    for (const auto& [body, detail] : kLies) {
        desk_.server = [&body = body](const HttpRequest&) { return reply(200, body); };
        EXPECT_EQ(outcome(), "secret_unavailable: " + detail);
    }
}

}  // namespace
}  // namespace sallyport::secrets
