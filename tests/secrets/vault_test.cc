#include "secrets/vault.h"

#include <gtest/gtest.h>

#include "vault_server.h"

namespace sallyport::secrets {
namespace {

using std::chrono::seconds;

class Vault : public testing::Test {
protected:
    Vault() : desk_{{"token", "hvs.mArKeR"}, {"sid", "mArKeR-sid"}} {
        server_.tokens["hvs.mArKeR"] = {};
        config_.server.endpoint.url = server_.address;
        config_.login.token = text_of("${secrets.token}");
        config_.path = text_of("kv/data/agents/db");
        config_.field = "password";
        desk_.server = [this](const HttpRequest& request) { return server_.answer(request); };
    }

    void use_approle() { config_.login = {VaultMethod::approle, "approle", {}, text_of("role-1"), text_of("${secrets.sid}")}; }
    void use_lease() {
        config_.path = text_of("aws/creds/agent");
        config_.field = "access_key";
    }
    std::string outcome() { return desk_.outcome(VaultProvider(config_)); }
    std::string after(int passed) {
        desk_.now += seconds(passed);
        return outcome();
    }

    Desk desk_;
    VaultServerFake server_{desk_};
    VaultConfig config_;
};

TEST_F(Vault, ReadsBothVersionsOfTheKvEngine) {
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_FALSE(desk_.lifetime(VaultProvider(config_)));
    config_.field = "port";
    EXPECT_EQ(outcome(), "5432");
    config_.path = text_of("kv/agents/db");
    config_.field = "password";
    EXPECT_EQ(outcome(), "mArKeR-1");
    config_.field = "data";
    EXPECT_EQ(outcome(), "plain");
    EXPECT_EQ(VaultProvider(config_).describe(), "vault kv/agents/db#data");
}

TEST_F(Vault, WhatIsGoneOrForbiddenIsARevocation) {
    EXPECT_EQ(outcome(), "mArKeR-2");
    server_.forbidden.insert("kv/data/agents/db");
    EXPECT_EQ(outcome(), "denied: the server answered 403 for kv/data/agents/db");
    server_.forbidden.clear();
    EXPECT_EQ(outcome(), "mArKeR-2");
    server_.answers.clear();
    EXPECT_EQ(outcome(), "denied: the server answered 404 for kv/data/agents/db");
    server_.answers["kv/data/agents/db"] = R"({"data":{"data":{"other":"mArKeR"},"metadata":{"version":4}}})";
    EXPECT_EQ(outcome(), "denied: there is no field \"password\" in kv/data/agents/db");
}

TEST_F(Vault, AServerThatIsDownOrSealedPasses) {
    server_.is_down = true;
    EXPECT_EQ(outcome(), "secret_unavailable: vault.internal: timed out");
    server_.is_down = false;
    server_.is_sealed = true;
    EXPECT_EQ(outcome(), "secret_unavailable: the server answered 503 for kv/data/agents/db");
    server_.is_sealed = false;
    EXPECT_EQ(outcome(), "mArKeR-2");
}

TEST_F(Vault, AnAnswerThatLiesIsAFailure) {
    const std::string none = "the server answered 200 for kv/data/agents/db with something else than a secret";
    const std::pair<const char*, std::string> kLies[] = {
        {"<html>mArKeR", none},
        {"{}", none},
        {R"({"data":"mArKeR"})", none},
        {R"({"data":null})", none},
        {R"({"data":{"password":["mArKeR"]}})", "the answer's \"password\" is not a text"},
        {R"({"data":{"password":null}})", "the answer's \"password\" is not a text"},
        {R"({"data":{"password":"a\nmArKeR"}})", "the answer's \"password\" cannot be used: the value holds control characters"},
        {R"({"lease_id":"x","lease_duration":-5,"data":{"password":"mArKeR"}})", "the answer's \"lease_duration\" is not a time to live"},
        {R"({"lease_id":"x","data":{"password":"mArKeR"}})", "the lease has no \"lease_duration\""},
    };
    for (const auto& [body, detail] : kLies) {
        server_.answers["kv/data/agents/db"] = body;
        EXPECT_EQ(outcome(), "secret_unavailable: " + detail);
    }
}

TEST_F(Vault, ALeaseIsRenewedWhileTheServerGivesTime) {
    use_lease();
    EXPECT_EQ(outcome(), "mArKeR-dyn-1");
    EXPECT_EQ(desk_.lifetime(VaultProvider(config_)), 540);
    EXPECT_EQ(after(400), "mArKeR-dyn-1");
    EXPECT_EQ(desk_.lifetime(VaultProvider(config_)), 540);
    EXPECT_EQ(server_.leases, 1);
    // Near the end of what it may ever have.
    server_.renewed_life = 200;
    EXPECT_EQ(after(400), "mArKeR-dyn-2");
}

TEST_F(Vault, ALeaseThatWasTakenBackIsReplaced) {
    use_lease();
    EXPECT_EQ(outcome(), "mArKeR-dyn-1");
    ++server_.leases;
    EXPECT_EQ(after(10), "mArKeR-dyn-3");
}

TEST_F(Vault, ALeaseHoldsWhileTheServerIsDownAndNoLonger) {
    use_lease();
    EXPECT_EQ(outcome(), "mArKeR-dyn-1");
    server_.is_sealed = true;
    EXPECT_EQ(after(200), "mArKeR-dyn-1");
    EXPECT_EQ(desk_.lifetime(VaultProvider(config_)), 340);
    // From its second half on the caller is told, so that it asks more often; it still has the value until 540.
    EXPECT_EQ(after(200), "secret_unavailable: the server answered 503 for aws/creds/agent");
}

TEST_F(Vault, ALeaseThatCannotBeRenewedIsReplacedInItsSecondHalf) {
    use_lease();
    server_.lease_is_renewable = false;
    EXPECT_EQ(outcome(), "mArKeR-dyn-1");
    EXPECT_EQ(after(299), "mArKeR-dyn-1");
    EXPECT_EQ(after(1), "mArKeR-dyn-2");
    EXPECT_EQ(server_.renewals, 0);
}

TEST_F(Vault, ALeaseEndsWithTheLoginThatItWasGotBy) {
    use_approle();
    use_lease();
    EXPECT_EQ(outcome(), "mArKeR-dyn-1");
    server_.tokens.clear();
    EXPECT_EQ(after(10), "mArKeR-dyn-2");
    EXPECT_EQ(server_.logins, 2);
}

TEST_F(Vault, ATokenThatWasRevokedIsGotAnewOnce) {
    use_approle();
    EXPECT_EQ(outcome(), "mArKeR-2");
    server_.tokens.clear();
    EXPECT_EQ(outcome(), "mArKeR-2");
    EXPECT_EQ(server_.logins, 2);
    server_.forbidden.insert("kv/data/agents/db");
    EXPECT_EQ(outcome(), "denied: the server answered 403 for kv/data/agents/db");
    EXPECT_EQ(server_.logins, 3);
}

TEST_F(Vault, X12ASandboxCannotReadAnotherSecret) {
    config_.path = text_of("kv/data/${params.hostile}/db");
    EXPECT_EQ(outcome(), "denied: the server answered 404 for kv/data/${params.hostile}/db");
    EXPECT_EQ(desk_.requests.back(), "GET https://vault.internal:8200/v1/kv/data/..%2Fadmin/db");
    config_.path = text_of("kv/data/${params.dots}/db");
    EXPECT_EQ(outcome(), "secret_unavailable: what is filled into kv/data/${params.dots}/db would lead elsewhere");
}

}  // namespace
}  // namespace sallyport::secrets
