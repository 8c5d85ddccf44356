#include "secrets/gcp_secret_manager.h"

#include <gtest/gtest.h>

#include "desk.h"

namespace sallyport::secrets {
namespace {

class GcpSecretManager : public testing::Test {
protected:
    GcpSecretManager() : desk_{{"token", "ya29.mArKeR"}} {
        config_.project = text_of("project-1");
        config_.secret = text_of("db-${params.tenant}");
        config_.version = text_of("latest");
        config_.token = text_of("${secrets.token}");
        desk_.server = [this](const HttpRequest& request) { return answer(request); };
    }

    HttpReply answer(const HttpRequest& request) {
        if (field_of(request, "Authorization") != "Bearer ya29.mArKeR") return reply(401, R"({"error":{"status":"UNAUTHENTICATED"}})");
        if (request.method != "GET" ||
            request.url != "https://secretmanager.googleapis.com/v1/projects/project-1/secrets/db-acme/versions/latest:access") {
            return reply(404, R"({"error":{"status":"NOT_FOUND"}})");
        }
        return reply(status_, body_);
    }

    std::string outcome() { return desk_.outcome(GcpSecretManagerProvider(config_)); }

    Desk desk_;
    GcpSecretManagerConfig config_;
    int status_ = 200;
    // CRC-32C of "123456789" is 0xe3069283, the polynomial's check value.
    std::string body_ = R"({"name":"x","payload":{"data":"MTIzNDU2Nzg5","dataCrc32c":"3808858755"}})";
};

TEST_F(GcpSecretManager, ReadsAVersionWhoseChecksumIsRight) {
    EXPECT_EQ(outcome(), "123456789");
    body_ = R"({"payload":{"data":"MTIzNDU2Nzg5"}})";
    EXPECT_EQ(outcome(), "123456789");
    for (const char* wrong : {"\"3808858754\"", "\"x\"", "\"\"", "null", "3808858755.0"}) {
        body_ = std::string(R"({"payload":{"data":"MTIzNDU2Nzg5","dataCrc32c":)") + wrong + "}}";
        EXPECT_EQ(outcome(), "secret_unavailable: the answer's value does not match its checksum");
    }
}

TEST_F(GcpSecretManager, ReadsAFieldOfAJsonSecret) {
    config_.field = "password";
    body_ = R"({"payload":{"data":"eyJwYXNzd29yZCI6Im1BcktlUiJ9"}})";
    EXPECT_EQ(outcome(), "mArKeR");
}

TEST_F(GcpSecretManager, WhatIsGoneOrForbiddenIsARevocation) {
    for (const int status : {403, 404}) {
        status_ = status;
        EXPECT_EQ(outcome(), "denied: https://secretmanager.googleapis.com answered " + std::to_string(status));
    }
    status_ = 400;
    body_ = R"({"error":{"status":"FAILED_PRECONDITION","message":"Secret Version mArKeR is in DISABLED state."}})";
    EXPECT_EQ(outcome(), "denied: https://secretmanager.googleapis.com answered 400");
}

TEST_F(GcpSecretManager, AllElsePasses) {
    for (const int status : {400, 429, 500, 503}) {
        status_ = status;
        EXPECT_EQ(outcome(), "secret_unavailable: https://secretmanager.googleapis.com answered " + std::to_string(status));
    }
    status_ = 200;
    for (const char* body : {"{}", R"({"payload":{}})", R"({"payload":{"data":"mArKeR!"}})", R"({"payload":{"data":7}})"}) {
        body_ = body;
        EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"payload\" holds no \"data\" in base64");
    }
    desk_.give({{"token", "mArKeR-old"}});
    EXPECT_EQ(outcome(), "secret_unavailable: https://secretmanager.googleapis.com answered 401");
}

TEST_F(GcpSecretManager, X12ASandboxCannotReadAnotherSecret) {
    config_.secret = text_of("${params.hostile}");
    EXPECT_EQ(outcome(), "denied: https://secretmanager.googleapis.com answered 404");
    EXPECT_EQ(desk_.requests.back(), "GET https://secretmanager.googleapis.com/v1/projects/project-1/secrets/..%2Fadmin/versions/latest:access");
}

}  // namespace
}  // namespace sallyport::secrets
