#include "secrets/github_app.h"

#include <gtest/gtest.h>

#include "desk.h"
#include "sample_keys.h"

namespace sallyport::secrets {
namespace {

using nlohmann::json;

// POST /app/installations/{id}/access_tokens as GitHub has it.
class Github {
public:
    HttpReply answer(const HttpRequest& request) {
        if (request.url != "https://api.github.com/app/installations/4242/access_tokens") return reply(404, R"({"message":"Not Found"})");
        if (field_of(request, "Accept") != "application/vnd.github+json" || field_of(request, "User-Agent").empty()) return reply(403, "");
        if (!is_app(field_of(request, "Authorization"))) return reply(401, R"({"message":"A JSON web token could not be decoded"})");
        asked = json::parse(request.body);
        if (status != 201) return reply(status, R"({"message":"mArKeR"})");
        json token = {{"token", "ghs_mArKeR"}, {"expires_at", "2023-11-14T23:13:20Z"}, {"repository_selection", selection}};
        token["permissions"] = asked.value("permissions", json{{"contents", "write"}, {"metadata", "read"}});
        token.update(changed, true);
        return reply(201, token.dump());
    }

    json asked;
    json changed = json::object();
    std::string selection = "selected";
    int status = 201;

private:
    // GitHub refuses a token of over ten minutes, one from the future, and one of another algorithm.
    static bool is_app(const std::string& authorization) {
        if (!authorization.starts_with("Bearer ")) return false;
        const auto jwt = sample::verified(std::string_view(authorization).substr(7));
        const long now = 1'700'000'000;
        return jwt && jwt->header.at("alg") == "RS256" && jwt->claims.at("iss") == "31337" && jwt->claims.at("iat").get<long>() <= now &&
               jwt->claims.at("exp").get<long>() > now && jwt->claims.at("exp").get<long>() <= now + 600;
    }
};

class GithubApp : public testing::Test {
protected:
    GithubApp() : desk_{{"key", sample::kRsaPkcs1}} {
        config_ = {{"https://api.github.com", {}, false}, text_of("31337"), text_of("4242"), text_of("${secrets.key}"), {}, {}};
        desk_.server = [this](const HttpRequest& request) { return github_.answer(request); };
    }

    std::string outcome() { return desk_.outcome(GithubAppProvider(config_)); }

    Desk desk_;
    Github github_;
    GithubAppConfig config_;
};

TEST_F(GithubApp, GetsAnInstallationsToken) {
    EXPECT_EQ(outcome(), "ghs_mArKeR");
    EXPECT_EQ(github_.asked, json::object());
    EXPECT_EQ(desk_.lifetime(GithubAppProvider(config_)), 3540);
}

TEST_F(GithubApp, IsNarrowedToRepositoriesAndPermissions) {
    config_.repositories = {text_of("widget"), text_of("${params.tenant}")};
    config_.permissions = {{"contents", "read"}, {"pull_requests", "write"}};
    EXPECT_EQ(outcome(), "ghs_mArKeR");
    EXPECT_EQ(github_.asked.dump(), R"({"permissions":{"contents":"read","pull_requests":"write"},"repositories":["widget","acme"]})");
}

TEST_F(GithubApp, ATokenForMoreThanWasAskedForIsRefused) {
    config_.repositories = {text_of("widget")};
    config_.permissions = {{"contents", "read"}};
    github_.selection = "all";
    EXPECT_EQ(outcome(), "secret_unavailable: the token is for other repositories than were asked for");
    github_.selection = "selected";
    github_.changed = {{"permissions", {{"contents", "write"}}}};
    EXPECT_EQ(outcome(), "secret_unavailable: the token's permission \"contents\" is not what was asked for");
}

TEST_F(GithubApp, AnAppThatIsGoneIsARevocation) {
    for (const int status : {401, 404, 422}) {
        github_.status = status;
        EXPECT_EQ(outcome(), "denied: https://api.github.com answered " + std::to_string(status));
    }
    desk_.give({{"key", sample::kEcPkcs8}});
    EXPECT_EQ(outcome(), "secret_unavailable: the private key cannot make such a signature");
}

TEST_F(GithubApp, AFaultOfGithubsPasses) {
    for (const int status : {403, 429, 500, 503, 200}) {
        github_.status = status;
        EXPECT_EQ(outcome(), "secret_unavailable: https://api.github.com answered " + std::to_string(status));
    }
}

TEST_F(GithubApp, AnAnswerThatLiesIsAFailure) {
    github_.changed = {{"expires_at", "tomorrow"}};
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"expires_at\" is not a time");
    github_.changed = {{"expires_at", "2023-11-14T22:13:19Z"}};
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's value has expired already");
    github_.changed = {{"token", "ghs_mArKeR\n\n"}};
    EXPECT_EQ(outcome(), "secret_unavailable: the answer's \"token\" cannot be used: the value holds control characters");
    github_.changed = {{"token", nullptr}};
    EXPECT_TRUE(outcome().starts_with("secret_unavailable: the answer's \"token\" is ")) << outcome();
}

TEST_F(GithubApp, ASandboxesParameterStaysOneSegment) {
    config_.installation = text_of("${params.hostile}");
    EXPECT_EQ(outcome(), "denied: https://api.github.com answered 404");
    EXPECT_EQ(desk_.requests.back(), "POST https://api.github.com/app/installations/..%2Fadmin/access_tokens");
}

}  // namespace
}  // namespace sallyport::secrets
