#include "rules/credential_reading.h"

#include <gtest/gtest.h>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

using sample::reading_fault;

TEST(CredentialReading, ReportsAtTheKeyThatIsWrong) {
    EXPECT_EQ(reading_fault("{ type: bearer, secret: token, keep: [Cookie], strip: [X-Own] }"), "");
    EXPECT_EQ(reading_fault("{ type: bearer, secret: token, kepe: [Cookie] }"),
              "37: error: unknown key \"kepe\", did you mean \"keep\"?");
    EXPECT_EQ(reading_fault("{ type: header, name: X, value: \"${secrets.tokn}\" }"),
              "38: error: secret \"tokn\" is not defined, did you mean \"token\"?");
    EXPECT_EQ(reading_fault("{ type: header, name: X, value: fixed }"),
              "38: warning: \"value\" refers to no secret: a value in this file is not a secret");
}

TEST(CredentialReading, ADerivedNameIsNoNameOfAFile) {
    const std::string name = "c";
    const Node node;
    const SecretNames names;
    Reporter reporter("f");
    std::vector<secrets::SecretSource> sources;
    const CredentialReading reading{name, node, names, reporter, sources};
    EXPECT_EQ(reading.derived_name(), "credential:c");
    EXPECT_FALSE(secrets::is_name(reading.derived_name()));
}

}  // namespace
}  // namespace sallyport::rules
