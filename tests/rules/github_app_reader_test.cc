#include "rules/github_app_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string outcome(const std::string& text) {
    return sample::outcome(read_github_app, "github_app", "{ app_id: 31337, installation_id: 4242, private_key: \"${secrets.token}\"" + text + " }");
}

TEST(GithubAppReader, TakesAnInstallation) {
    EXPECT_EQ(outcome(""), "github_app 31337 installation 4242");
    EXPECT_EQ(outcome(", repositories: [widget, \"${params.repo}\"], permissions: { contents: read, pull_requests: write }, api_url: "
                      "\"https://ghe.example/api/v3\""),
              "github_app 31337 installation 4242");
}

TEST(GithubAppReader, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> kCases[] = {
        {", repositories: [acme/widget]", "a repository stands here by its name, without its owner: it is the installation's"},
        {", repositories: []", "\"repositories\" is an empty list"},
        {", permissions: { contents: raed }", "a permission is read, write or admin, did you mean \"read\"?"},
        {", permissions: { \"Contents\": read }", "\"Contents\" is not the name of a permission"},
        {", permissions: read", "\"permissions\" is a mapping like { contents: read }"},
        {", api_url: \"http://ghe.example\"", "\"api_url\": a secret is not sent over http; only https will do"},
        {", form: basic", "unknown key \"form\""},
    };
    for (const auto& [text, message] : kCases) EXPECT_NE(outcome(text).find(std::string("error: ") + message), std::string::npos) << outcome(text);
}

}  // namespace
}  // namespace sallyport::rules
