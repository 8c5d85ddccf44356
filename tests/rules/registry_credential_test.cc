#include "rules/registry_credential.h"

#include <gtest/gtest.h>

#include "rules/base64.h"
#include "rules/issued_tokens.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/rendered_kind.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string kEntry =
    "{ type: registry, username: robot, password: \"${secrets.token}\", realm: \"https://auth.example/token\" }";
const std::string kToken = "mArKeR-registry-token-0123456789-0123456789";

std::string base64(std::string_view text) {
    Buffer out;
    append_base64(out, text);
    return std::string(out.view());
}

class RegistryCredentialTest : public testing::Test {
protected:
    RegistryCredentialTest() { action_ = std::move(*rendered_.render()); }

    // The Authorization that goes out, "-" for none; or the error's tag.
    std::string send(const std::string& line, const Fields& fields = {}) {
        http::RequestHead head;
        head.method = line.substr(0, line.find(' '));
        head.target = "/";
        for (const auto& [name, value] : fields) head.headers.add(name, value);
        const auto canonical = sample::request_of(line);
        OutgoingRequest request{head, canonical, {}, random_, &issued_};
        auto outcome = action_->apply(request);
        if (outcome) outcome = settle_placeholders(request, action_->token_swap(canonical), http::Scheme::https);
        if (!outcome) return std::string(tag(outcome.error().code));
        return std::string(head.headers.get("Authorization").value_or("-"));
    }

    // What the client takes for its token.
    std::string answer(const std::string& line) {
        http::ResponseHead head;
        head.status = 200;
        head.headers.add("Content-Type", "application/json");
        const auto canonical = sample::request_of(line);
        const TokenSwap* swap = action_->token_swap(canonical);
        if (swap == nullptr) return "not swapped";
        Buffer out;
        const std::string body = "{\"token\":\"" + kToken + "\",\"access_token\":\"" + kToken + "\",\"expires_in\":300}";
        if (!issued_.swap_answer(*swap, canonical, head, body, out)) return "dropped";
        EXPECT_EQ(out.view().find("mArKeR"), std::string_view::npos);
        EXPECT_EQ(out.size(), body.size());
        return std::string(out.view().substr(10, kToken.size()));
    }

    CountingRandom random_;
    RenderedKind rendered_{read_registry_credential, kEntry};
    std::unique_ptr<const CredentialAction> action_;
    IssuedTokens issued_{random_};
};

// As skopeo 1.9 goes about it (containers/image 5.23, docker_client.go): it asks /v2/ without anything, is challenged, asks
// the realm with GET without a login, and repeats what it wanted with the token.
TEST_F(RegistryCredentialTest, ThePullOfAClientWithoutALogin) {
    EXPECT_EQ(send("GET https://registry.example/v2/"), "-");
    const std::string realm = "GET https://auth.example/token?scope=repository%3Aacme%2Fapp%3Apull&service=registry.example";
    EXPECT_EQ(send(realm), "Basic " + base64("robot:" + std::string(sample::kMarker)));
    const std::string stand_in = answer(realm);
    EXPECT_EQ(send("GET https://registry.example/v2/acme/app/manifests/1", {{"Authorization", "Bearer " + stand_in}}),
              "Bearer " + kToken);
    EXPECT_EQ(send("HEAD https://registry.example/v2/acme/app/blobs/sha256:0", {{"Authorization", "Bearer " + stand_in}}),
              "Bearer " + kToken);
}

TEST_F(RegistryCredentialTest, D21_OnlyTheRealmOfTheFileGetsThePassword) {
    for (const std::string line :
         {"GET https://registry.example/token", "GET https://auth.example/token/", "GET https://auth.example/",
          "GET https://auth.example:8443/token", "GET http://auth.example/token", "POST https://auth.example/token",
          "GET https://evil.example/token", "GET https://auth.example/x/%2e%2e/token"}) {
        EXPECT_EQ(send(line), "-") << line;
    }
    EXPECT_EQ(answer("GET https://evil.example/token"), "not swapped");
}

TEST_F(RegistryCredentialTest, D14_TheSandboxsOwnLoginIsRemoved) {
    EXPECT_EQ(send("GET https://registry.example/v2/", {{"Authorization", "Bearer own"}}), "-");
    EXPECT_EQ(send("GET https://auth.example/token", {{"Authorization", "Basic b3duOm93bg=="}}),
              "Basic " + base64("robot:" + std::string(sample::kMarker)));
    EXPECT_EQ(send("POST https://auth.example/token", {{"Authorization", "Basic b3duOm93bg=="}}), "-");
    EXPECT_TRUE(action_->owns_field("authorization"));
}

TEST_F(RegistryCredentialTest, R16_OnlyWhatTheRealmHasIssuedIsExchanged) {
    const std::string guessed = "sallyp0x" + std::string(30, 'a');
    EXPECT_EQ(send("GET https://registry.example/v2/", {{"Authorization", "Bearer " + guessed}}), "placeholder_misused");
    const std::string stand_in = answer("GET https://auth.example/token");
    EXPECT_EQ(send("GET https://registry.example/v2/", {{"X-Other", stand_in}}), "placeholder_misused");
    NeedleTexts texts;
    action_->collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{sample::kMarker});
    EXPECT_EQ(texts.rendered.size(), 1u);
}

TEST(RegistryCredential, SaysWhatIsWrongWithAnEntry) {
    for (const std::string realm : {"auth.example/token", "https://", "https://user@auth.example/token", "ftp://a.example/",
                                    "https://a.example/token?x=1", "https://a.example/a//b"}) {
        const RenderedKind rendered(read_registry_credential, "{ type: registry, username: u, password: \"${secrets.token}\", "
                                                              "realm: \"" + realm + "\" }");
        EXPECT_FALSE(rendered.kind) << realm;
        ASSERT_EQ(rendered.faults.size(), 1u);
        EXPECT_NE(rendered.faults[0].find("is not where tokens are had"), std::string::npos);
    }
    EXPECT_FALSE(RenderedKind(read_registry_credential, "{ type: registry, username: u, password: \"${secrets.token}\" }").kind);
}

}  // namespace
}  // namespace sallyport::rules
