// Tokens and secrets that the daemon fetches: from a token endpoint and a Vault server of the fake internet, which come and go
// while requests pass.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::HasSubstr;

std::string deployment(const World& world) {
    return "version: 1\nupstream_ca: " + world.path("root.pem") + "\nsecrets:\n  password: { file: " + world.path("secrets/other") + " }\n" +
           R"(  key: { vault: { path: kv/data/agents/api, field: key, address: "https://staging.acme.example/vault", ca_file: )" + world.path("root.pem") + R"(,
                  auth: { approle: { role_id: role-1, secret_id: "${secrets.password}" } } }, refresh: 1h }
credentials:
  token: { type: oauth2, token_url: "https://staging.acme.example/oauth/token", client_id: agent, client_secret: "${secrets.password}",
           scopes: read }
  key: { type: header, name: X-Auth-Token, value: "${secrets.key}" }
policies:
  agent:
    rules:
      - { host: api.acme.example, credential: token }
      - { host: open.acme.example, credential: key }
sandboxes: { one: { policy: agent } }
)";
}

class TokenSources : public IntegrationTest {
protected:
    void SetUp() override {
        IntegrationTest::SetUp();
        world().set_store("mode", "up");
        world().set_store("expires_in", "3600");
        world().set_store("value", std::string(kSecret));
        std::filesystem::remove(world().path("internet/store/log"));
    }

    static std::string status(const Served& served, const std::string& url) {
        return served.curl_in("one", {"-o", "/dev/null", "-w", "%{http_code}", url}).out;
    }
    static std::string guarded(const Served& served) { return status(served, "https://api.acme.example/guarded"); }
    // The first status that is not `now`; each request takes its time, which bounds the wait.
    static std::string when_it_changes(const Served& served, const std::string& url, const std::string& now) {
        std::string found = now;
        for (int requests = 0; requests < 2000 && found == now; ++requests) found = status(served, url);
        return found;
    }
    static void refresh(const Served& served, const std::string& name) {
        EXPECT_EQ(served.call("POST", "/v1/secrets/" + name + "/refresh").status, 200) << name;
    }
};

TEST_F(TokenSources, ATokenIsFetchedOnceAndPutIn) {
    const Served served(deployment(world()));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(guarded(served), "200");
    EXPECT_EQ(world().store_count("issued"), 1u);
    EXPECT_THAT(seen_by("api.acme.example"), HasSubstr("Authorization: Bearer " + std::string(kSecret)));
}

TEST_F(TokenSources, ATokenIsReplacedAheadOfItsEndAndNoRequestIsLost) {
    world().set_store("expires_in", "4");
    const Served served(deployment(world()));
    std::size_t requests = 0;
    // Each is let in by a token that has not ended, while four of them come one after the other.
    for (; requests < 2000 && world().store_count("issued") < 4; ++requests) ASSERT_EQ(guarded(served), "200") << requests;
    EXPECT_GE(world().store_count("issued"), 4u);
    EXPECT_GE(requests, 4u);
}

TEST_F(TokenSources, WhereTheEndpointFailsTheLastTokenServesUntilItsEndAndThenNone) {
    world().set_store("expires_in", "6");
    const Served served(deployment(world()));
    EXPECT_EQ(guarded(served), "200");
    world().set_store("mode", "down");
    ASSERT_TRUE(world().wait_for_store("down", 1));
    // It was asked ahead of the end: the token is good still, and is used.
    EXPECT_EQ(guarded(served), "200");
    EXPECT_EQ(when_it_changes(served, "https://api.acme.example/guarded", "200"), "403") << "never one that has ended (401)";
    EXPECT_TRUE(wait_for_text(served.access_log_path(), "secret_unavailable"));
    world().set_store("mode", "up");
    EXPECT_EQ(when_it_changes(served, "https://api.acme.example/guarded", "403"), "200");
}

TEST_F(TokenSources, AClientThatIsRevokedIsDeniedAtOnce) {
    const Served served(deployment(world()));
    EXPECT_EQ(guarded(served), "200");
    world().set_store("mode", "revoked");
    refresh(served, "credential:token");
    ASSERT_TRUE(world().wait_for_store("refused", 1));
    EXPECT_EQ(when_it_changes(served, "https://api.acme.example/guarded", "200"), "403");
}

TEST_F(TokenSources, ASecretOfVaultIsReadRotatedAndRevoked) {
    const Served served(deployment(world()));
    EXPECT_EQ(status(served, "https://open.acme.example/private"), "200");
    EXPECT_EQ(world().store_count("login"), 1u);
    world().set_store("value", "rotated-" + std::string(kSecret));
    refresh(served, "key");
    ASSERT_TRUE(world().wait_for_store("read", 2));
    // The page knows the first value only.
    EXPECT_EQ(when_it_changes(served, "https://open.acme.example/private", "200"), "401");
    EXPECT_THAT(seen_by("open.acme.example"), HasSubstr("X-Auth-Token: rotated-"));
    world().set_store("mode", "revoked");
    refresh(served, "key");
    ASSERT_TRUE(world().wait_for_store("refused", 1));
    EXPECT_EQ(when_it_changes(served, "https://open.acme.example/private", "401"), "403");
    EXPECT_EQ(world().store_count("login"), 2u) << "once more, in case that it was the token";
}

TEST_F(TokenSources, AVaultThatIsSealedTakesNothingAway) {
    const Served served(deployment(world()));
    EXPECT_EQ(status(served, "https://open.acme.example/private"), "200");
    world().set_store("mode", "down");
    refresh(served, "key");
    ASSERT_TRUE(world().wait_for_store("down", 1));
    EXPECT_EQ(status(served, "https://open.acme.example/private"), "200");
}

}  // namespace
}  // namespace sallyport::integration
