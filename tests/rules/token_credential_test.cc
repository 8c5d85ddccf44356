#include "rules/token_credential.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

const std::string kOAuth2 = "type: oauth2, token_url: \"https://idp.example/token\", client_id: a, client_secret: \"${secrets.s}\"";
const std::string kGithub = "type: github_app, app_id: 1, installation_id: 2, private_key: \"${secrets.s}\"";

std::string file_of(const std::string& credential) {
    return "version: 1\nsecrets: { s: { env: S } }\ncredentials:\n  c: { " + credential +
           " }\npolicies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
}

// "Authorization" of a request that gets it, where the token that was fetched for it is "mArKeR".
std::string sent(const std::string& credential) {
    const auto parsed = parse_policy_file(file_of(credential), "f.yaml");
    if (!parsed.file) return sample::first_error(file_of(credential));
    const secrets::SecretSnapshot values(
        {{"credential:c", std::make_shared<const Result<SecretString>>(SecretString("mArKeR"))}});
    const auto snapshot = make_snapshot(*parsed.file, {"p", {"s", {}, {}}, nullptr}, values, Generation{1});
    http::RequestHead head;
    head.headers.add("Authorization", "Bearer mine");
    const Decision decision = sample::decide(*snapshot, "GET https://a.example/");
    if (const auto applied = sample::apply(**snapshot, decision, head); !applied) return applied.error().detail;
    return std::string(head.headers.get("Authorization").value_or(""));
}

TEST(TokenCredential, SendsTheTokenAsBearerOrBasic) {
    EXPECT_EQ(sent(kOAuth2), "Bearer mArKeR");
    EXPECT_EQ(sent(kOAuth2 + ", form: bearer, keep: [Cookie]"), "Bearer mArKeR");
    EXPECT_EQ(sent(kOAuth2 + ", form: basic, username: oauth2"), "Basic b2F1dGgyOm1BcktlUg==");
    EXPECT_EQ(sent(kGithub + ", form: basic"), "Basic eC1hY2Nlc3MtdG9rZW46bUFyS2VS");
    EXPECT_EQ(sent("type: gcp_service_account, key: \"${secrets.s}\", audience: x"), "Bearer mArKeR");
    EXPECT_EQ(sent("type: azure_client, tenant: t, client_id: c, client_secret: \"${secrets.s}\", scopes: x"), "Bearer mArKeR");
}

TEST(TokenCredential, BringsASourceOfItsOwn) {
    const auto parsed = parse_policy_file(file_of(kOAuth2), "f.yaml");
    ASSERT_TRUE(parsed.file);
    const auto& sources = parsed.file->secrets;
    ASSERT_EQ(sources.size(), 2u);
    EXPECT_EQ(sources.back().name, "credential:c");
    EXPECT_EQ(secrets::type_of(sources.back()), "oauth2");
    // The token is the same, however it is sent.
    const auto other = parse_policy_file(file_of(kOAuth2 + ", form: basic, username: u, strip: [X-Own]"), "f.yaml");
    EXPECT_EQ(other.file->secrets.back().definition, sources.back().definition);
    const auto changed = parse_policy_file(file_of(kOAuth2 + ", scopes: x"), "f.yaml");
    EXPECT_NE(changed.file->secrets.back().definition, sources.back().definition);
}

TEST(TokenCredential, IsUnavailableWhileThereIsNoToken) {
    const auto parsed = parse_policy_file(file_of(kOAuth2), "f.yaml");
    const auto snapshot = make_snapshot(*parsed.file, {"p", {"s", {}, {}}, nullptr}, {}, Generation{1});
    const Decision decision = sample::decide(*snapshot, "GET https://a.example/");
    EXPECT_EQ(decision.verdict, Verdict::deny);
    EXPECT_EQ(decision.error, ErrorCode::secret_unavailable);
}

TEST(TokenCredential, SaysWhatIsWrong) {
    const auto fault = [](const std::string& credential) {
        const std::string all = sample::first_error(file_of(credential));
        return all.substr(std::min(all.find("error: "), all.size()));
    };
    EXPECT_EQ(fault(kOAuth2 + ", form: header"), "error: \"form\" is bearer or basic, did you mean \"bearer\"?");
    EXPECT_EQ(fault(kOAuth2 + ", form: basic"), "error: the credential has no \"username\"");
    EXPECT_EQ(fault(kOAuth2 + ", username: x"), "error: \"username\" goes with form: basic");
    EXPECT_EQ(fault(kOAuth2 + ", form: basic, username: \"a:b\""), "error: \"username\" is a text without ':' and references");
    EXPECT_EQ(fault(kOAuth2 + ", scope: x"), "error: unknown key \"scope\", did you mean \"scopes\"?");
    EXPECT_EQ(fault("type: oauth2, client_id: a, client_secret: \"${secrets.s}\""), "error: \"oauth2\" has no \"token_url\"");
}

}  // namespace
}  // namespace sallyport::rules
