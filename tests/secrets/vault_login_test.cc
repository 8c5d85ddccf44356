#include "secrets/vault_login.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "secrets/vault.h"
#include "vault_server.h"

namespace sallyport::secrets {
namespace {

using std::chrono::seconds;

class VaultLoginTest : public testing::Test {
protected:
    VaultLoginTest() : desk_{{"token", "hvs.mArKeR"}, {"sid", "mArKeR-sid"}, {"pod", "mArKeR.jwt"}} {
        config_.server.endpoint.url = server_.address;
        config_.path = text_of("kv/data/agents/db");
        config_.field = "password";
        config_.login = {VaultMethod::approle, "approle", {}, text_of("role-1"), text_of("${secrets.sid}")};
        desk_.server = [this](const HttpRequest& request) { return server_.answer(request); };
    }
    ~VaultLoginTest() override {
        for (const char* name : {"VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE"}) unsetenv(name);
    }

    void use_token() { config_.login = {VaultMethod::token, {}, text_of("${secrets.token}"), {}, {}}; }
    std::string outcome() { return desk_.outcome(VaultProvider(config_)); }
    std::string after(int passed) {
        desk_.now += seconds(passed);
        return outcome();
    }

    Desk desk_;
    VaultServerFake server_{desk_};
    VaultConfig config_;
};

TEST_F(VaultLoginTest, LogsInOnceByAppRole) {
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(server_.logins, 1);
}

TEST_F(VaultLoginTest, LogsInAsAPod) {
    config_.login = {VaultMethod::kubernetes, "k8s", text_of("${secrets.pod}"), text_of("agent"), {}};
    EXPECT_EQ(outcome(), "mArKeR-2");
}

TEST_F(VaultLoginTest, AWrongLoginIsARevocation) {
    desk_.give({{"sid", "mArKeR-wrong"}});
    EXPECT_EQ(outcome(), "denied: https://vault.internal:8200 answered 400 to the login");
    server_.is_sealed = true;
    EXPECT_EQ(outcome(), "secret_unavailable: https://vault.internal:8200 answered 503 to the login");
}

TEST_F(VaultLoginTest, RenewsItsTokenInTheSecondHalfOfItsLife) {
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(after(1700), "mArKeR-2");
    EXPECT_EQ(server_.token_renewals, 0);
    EXPECT_EQ(after(200), "mArKeR-2");
    EXPECT_EQ(server_.token_renewals, 1);
    EXPECT_EQ(after(1700), "mArKeR-2");
    EXPECT_EQ(server_.logins, 1);
}

TEST_F(VaultLoginTest, LogsInAgainWhereATokenHasEnded) {
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(after(3600), "mArKeR-2");
    EXPECT_EQ(server_.logins, 2);
    EXPECT_EQ(server_.token_renewals, 0);
}

TEST_F(VaultLoginTest, ATokenThatNeverEndsIsNotRenewed) {
    server_.login_life = 0;
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(after(1'000'000), "mArKeR-2");
    EXPECT_EQ(server_.logins, 1);
    EXPECT_EQ(server_.token_renewals, 0);
}

TEST_F(VaultLoginTest, AGivenTokenIsLookedUpAndRenewed) {
    use_token();
    server_.tokens["hvs.mArKeR"] = {1'700'000'000 + 1000, true};
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(after(600), "mArKeR-2");
    EXPECT_EQ(server_.token_renewals, 1);
}

TEST_F(VaultLoginTest, AGivenTokenNeedNotBeAllowedToLookItselfUp) {
    use_token();
    server_.tokens["hvs.mArKeR"] = {0, false, false};
    EXPECT_EQ(outcome(), "mArKeR-2");
}

TEST_F(VaultLoginTest, AGivenTokenThatIsReplacedIsTakenUp) {
    use_token();
    server_.tokens["hvs.mArKeR"] = {};
    EXPECT_EQ(outcome(), "mArKeR-2");
    server_.tokens = {{"hvs.mArKeR-new", {}}};
    EXPECT_EQ(outcome(), "denied: the server answered 403 for kv/data/agents/db");
    desk_.give({{"token", "hvs.mArKeR-new"}});
    EXPECT_EQ(outcome(), "mArKeR-2");
}

TEST_F(VaultLoginTest, WhatIsLeftOutComesFromTheEnvironment) {
    config_.server = {};
    config_.login = {};
    EXPECT_EQ(outcome(), "secret_unavailable: neither \"address\" nor VAULT_ADDR says where the server is");
    setenv("VAULT_ADDR", server_.address.c_str(), 1);
    EXPECT_EQ(outcome(), "secret_unavailable: neither \"auth\" nor VAULT_TOKEN says who we are");
    setenv("VAULT_TOKEN", "hvs.mArKeR", 1);
    setenv("VAULT_NAMESPACE", "team-a", 1);
    server_.tokens["hvs.mArKeR"] = {};
    server_.vault_namespace = "team-a";
    EXPECT_EQ(outcome(), "mArKeR-2");
    setenv("VAULT_ADDR", "http://vault.internal:8200", 1);
    EXPECT_EQ(outcome(), "secret_unavailable: VAULT_ADDR: a secret is not sent over http; only https will do");
}

TEST_F(VaultLoginTest, AnAnswerThatLiesIsAFailure) {
    const std::pair<const char*, const char*> kLies[] = {
        {"<html>mArKeR", "https://vault.internal:8200 answered 200 with something that is not a JSON object"},
        {"{}", "the answer to the login has no \"auth\""},
        {R"({"auth":{}})", "the answer's \"client_token\" is missing, or there several times"},
        {R"({"auth":{"client_token":"mArKeR","lease_duration":-1}})", "the login's \"lease_duration\" is not a time to live"},
        {R"({"auth":{"client_token":"mArKeR\n\n","lease_duration":1}})", "the answer's \"client_token\" cannot be used: the value holds control characters"},
    };
    for (const auto& [body, detail] : kLies) {
        desk_.server = [&body = body](const HttpRequest&) { return reply(200, body); };
        EXPECT_EQ(outcome(), std::string("secret_unavailable: ") + detail);
    }
}

}  // namespace
}  // namespace sallyport::secrets
