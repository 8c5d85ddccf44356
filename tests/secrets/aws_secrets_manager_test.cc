#include "secrets/aws_secrets_manager.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aws_server.h"

namespace sallyport::secrets {
namespace {

using nlohmann::json;

class AwsSecretsManager : public testing::Test {
protected:
    AwsSecretsManager() : desk_{{"id", "AKIA1"}, {"key", "mArKeR-key"}, {"token", "mArKeR-token"}} {
        config_.region = "eu-west-1";
        config_.keys = {text_of("${secrets.id}"), text_of("${secrets.key}"), text_of("${secrets.token}"), {}};
        config_.secret = text_of("prod/${params.tenant}/db");
        desk_.server = [this](const HttpRequest& request) { return answer(request); };
    }

    HttpReply answer(const HttpRequest& request) {
        EXPECT_EQ(request.method + ' ' + request.url, "POST https://secretsmanager.eu-west-1.amazonaws.com/");
        EXPECT_EQ(field_of(request, "Content-Type"), "application/x-amz-json-1.1");
        EXPECT_EQ(field_of(request, "X-Amz-Target"), "secretsmanager.GetSecretValue");
        if (!is_signed(request, {"AKIA1", "mArKeR-key", "mArKeR-token"}, "eu-west-1", "secretsmanager", desk_.now)) {
            return reply(400, R"({"__type":"InvalidSignatureException"})");
        }
        asked_ = json::parse(request.body);
        if (asked_.at("SecretId") != "prod/acme/db") return reply(400, R"({"__type":"ResourceNotFoundException","Message":"mArKeR"})");
        return reply(status_, stored_);
    }

    std::string outcome() { return desk_.outcome(AwsSecretsManagerProvider(config_)); }

    Desk desk_;
    AwsSecretsManagerConfig config_;
    json asked_;
    int status_ = 200;
    std::string stored_ = R"({"ARN":"arn:x","Name":"prod/acme/db","SecretString":"{\"user\":\"agent\",\"password\":\"mArKeR-db\"}"})";
};

TEST_F(AwsSecretsManager, ReadsASecretOrAFieldOfIt) {
    EXPECT_EQ(outcome(), R"({"user":"agent","password":"mArKeR-db"})");
    EXPECT_EQ(asked_.dump(), R"({"SecretId":"prod/acme/db"})");
    EXPECT_FALSE(desk_.lifetime(AwsSecretsManagerProvider(config_)));
    config_.field = "password";
    config_.stage = "AWSPREVIOUS";
    EXPECT_EQ(outcome(), "mArKeR-db");
    EXPECT_EQ(asked_.at("VersionStage"), "AWSPREVIOUS");
    config_.field = "other";
    EXPECT_EQ(outcome(), "denied: the secret has no single field \"other\"");
}

TEST_F(AwsSecretsManager, ReadsABinarySecret) {
    stored_ = R"({"SecretBinary":"bUFyS2VSLWJpbg=="})";
    EXPECT_EQ(outcome(), "mArKeR-bin");
    stored_ = R"({"SecretBinary":"mArKeR!"})";
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"SecretBinary\" is not base64");
}

TEST_F(AwsSecretsManager, TakesKeysInOneDocument) {
    desk_.give({{"sts", R"({"access_key_id":"AKIA1","secret_access_key":"mArKeR-key","session_token":"mArKeR-token"})"}});
    config_.keys = {{}, {}, {}, text_of("${secrets.sts}")};
    config_.field = "password";
    EXPECT_EQ(outcome(), "mArKeR-db");
}

TEST_F(AwsSecretsManager, WhatIsGoneOrForbiddenIsARevocation) {
    config_.secret = text_of("prod/other/db");
    EXPECT_EQ(outcome(), "denied: https://secretsmanager.eu-west-1.amazonaws.com answered 400: ResourceNotFoundException");
    config_.secret = text_of("prod/acme/db");
    status_ = 400;
    stored_ = R"({"__type":"com.amazonaws.secretsmanager#AccessDeniedException","Message":"mArKeR"})";
    EXPECT_EQ(outcome(), "denied: https://secretsmanager.eu-west-1.amazonaws.com answered 400: AccessDeniedException");
}

TEST_F(AwsSecretsManager, AllElsePasses) {
    desk_.give({{"id", "AKIA1"}, {"key", "mArKeR-wrong"}, {"token", "mArKeR-token"}});
    EXPECT_EQ(outcome(), "secret_unavailable: https://secretsmanager.eu-west-1.amazonaws.com answered 400");
    desk_.server = [](const HttpRequest&) { return reply(503, "mArKeR"); };
    EXPECT_EQ(outcome(), "secret_unavailable: https://secretsmanager.eu-west-1.amazonaws.com answered 503");
    desk_.server = [](const HttpRequest&) { return reply(200, "<html>mArKeR"); };
    EXPECT_EQ(outcome(), "secret_unavailable: https://secretsmanager.eu-west-1.amazonaws.com answered 200 with something that is not a JSON object");
    desk_.server = [](const HttpRequest&) { return reply(200, R"({"Name":"mArKeR"})"); };
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"SecretBinary\" is missing, or there several times");
}

}  // namespace
}  // namespace sallyport::secrets
