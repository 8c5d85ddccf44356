#include "cli/environment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace sallyport::cli {
namespace {

bool has(const std::vector<std::string>& environment, const std::string& start) {
    return std::any_of(environment.begin(), environment.end(), [&](const std::string& each) { return each.starts_with(start); });
}

// X6: the environment inside is made anew, not passed on.
TEST(Environment, X6_PassesOnWhatAShellNeedsAndNothingElse) {
    setenv("SOME_TOKEN", "marker-secret", 1);
    setenv("LANG", "C.UTF-8", 1);
    const auto environment = command_environment({}, {"SOME_TOKEN"});
    ASSERT_TRUE(environment);
    EXPECT_TRUE(has(*environment, "PATH="));
    EXPECT_TRUE(has(*environment, "LANG=C.UTF-8"));
    EXPECT_TRUE(has(*environment, "NODE_EXTRA_CA_CERTS=/run/sallyport/ca.pem"));
    EXPECT_TRUE(has(*environment, "SSL_CERT_FILE=/run/sallyport/ca-bundle.pem"));
    for (const std::string& each : *environment) EXPECT_EQ(each.find("marker-secret"), std::string::npos) << each;
}

TEST(Environment, PassesOnAndSetsWhatIsAskedFor) {
    setenv("WANTED", "yes", 1);
    const auto environment = command_environment({"WANTED", "MADE=up"}, {});
    ASSERT_TRUE(environment);
    EXPECT_TRUE(has(*environment, "WANTED=yes"));
    EXPECT_TRUE(has(*environment, "MADE=up"));
}

TEST(Environment, X6_PlaceholdersStandWhereSecretsWould) {
    setenv("API_KEY", "marker-secret", 1);
    const auto environment = command_environment({"OTHER=mine"}, {"API_KEY"}, {"API_KEY=sallyp0xabc", "OTHER=sallyp0xdef"});
    ASSERT_TRUE(environment);
    EXPECT_TRUE(has(*environment, "API_KEY=sallyp0xabc"));
    EXPECT_TRUE(has(*environment, "OTHER=mine"));
    EXPECT_FALSE(has(*environment, "OTHER=sallyp0xdef"));
    EXPECT_EQ(as_lines({"A=1", "B=2"}), "A=1\nB=2\n");
}

TEST(Environment, RefusesASecretsVariableAndOneThatIsNotSet) {
    EXPECT_FALSE(command_environment({"SOME_TOKEN"}, {"SOME_TOKEN"}));
    EXPECT_FALSE(command_environment({"SOME_TOKEN=x"}, {"SOME_TOKEN"}));
    EXPECT_FALSE(command_environment({"NOT_SET_ANYWHERE"}, {}));
}

TEST(Environment, ASecretInAUsualVariableIsNotPassedOn) {
    setenv("LC_ALL", "marker-secret", 1);
    EXPECT_FALSE(has(*command_environment({}, {"LC_ALL"}), "LC_ALL="));
    unsetenv("LC_ALL");
}

}  // namespace
}  // namespace sallyport::cli
