#include "rules/policy_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(PolicyReader, ReadsPolicies) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ default: deny }", ""},
        {"{ default: allow }", ""},
        {"{ rules: [ { host: a.example } ] }", ""},
        {"{ rules: [] }", "15: error: \"rules\" is an empty list"},
        {"{ rules: { host: a } }", "15: error: \"rules\" must be a list"},
        {"{}", "6: error: policy \"p\" is empty"},
        {"", "3: error: policy \"p\" must be a mapping"},
        {"{ default: dney }", "17: error: \"default\" must be deny or allow, not \"dney\", did you mean \"deny\"?"},
        {"{ default: no }", "17: error: \"default\" must be deny or allow, not \"no\""},
        {"{ defualt: deny }", "8: error: unknown key \"defualt\", did you mean \"default\"?"},
        {"{ script: handlers/vcs.js }", "8: error: \"script\" is not supported by this version"},
        {"{ env: { A: b } }", "8: error: \"env\" is not supported by this version"},
    };
    for (const auto& [policy, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic("version: 1\npolicies:\n  p: " + policy + "\n"),
                  expected.empty() ? "" : "f.yaml:3:" + expected)
            << policy;
    }
}

TEST(PolicyReader, HoldsEachUsedCredentialOnce) {
    const auto parsed = parse_policy_file(
        sample::file_with({"{ host: a.example, credential: two }", "{ host: b.example, credential: one }",
                           "{ host: c.example, credential: two }"}),
        "f.yaml");
    ASSERT_TRUE(parsed.file);
    const CompiledPolicy& policy = *parsed.file->policies.at("p");
    ASSERT_EQ(policy.credentials.size(), 2u);
    EXPECT_EQ(policy.credentials[0].name, "two");
    EXPECT_EQ(policy.rules[0].credential, 0);
    EXPECT_EQ(policy.rules[1].credential, 1);
    EXPECT_EQ(policy.rules[2].credential, 0);
    EXPECT_EQ(policy.rules[2].label, "rules[2]");
}

}  // namespace
}  // namespace sallyport::rules
