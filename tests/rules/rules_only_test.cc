#include "rules/rules_only.h"

#include <gtest/gtest.h>

#include "rules/compiled_policy.h"
#include "rules/explain.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(RulesOnly, APolicyWithoutAScriptIsItself) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example }"}), "f.yaml").file;
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(rules_only(file->policies.at("p")), file->policies.at("p"));
    EXPECT_FALSE(has_handlers(*file->policies.at("p")));
}

TEST(RulesOnly, AScriptIsLeftOutAndItsRulesAreNot) {
    const auto file =
        parse_policy_file(sample::file_with({"{ host: a.example, handler: named }"}) + "    script: handlers/vcs.js\n",
                          "f.yaml")
            .file;
    ASSERT_NE(file, nullptr);
    EXPECT_TRUE(has_handlers(*file->policies.at("p")));
    const auto snapshot = snapshot_of_rules(file->policies.at("p"), nullptr, {});
    EXPECT_EQ(explain(*snapshot, *ask({"GET", "https://a.example/", {}})).action, "handler");
    EXPECT_EQ(explain(*snapshot, *ask({"GET", "https://b.example/", {}})).error, "denied");
}

TEST(RulesOnly, SecretsAreMissingAndCredentialsAreNamed) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example, credential: one }"}), "f.yaml").file;
    ASSERT_NE(file, nullptr);
    const auto explanation =
        explain(*snapshot_of_rules(file->policies.at("p"), nullptr, {}), *ask({"GET", "https://a.example/", {}}));
    EXPECT_EQ(explanation.error, "secret_unavailable");
    EXPECT_EQ(explanation.credential, "one");
    const auto assumed =
        explain_rules(*snapshot_of_rules(file->policies.at("p"), nullptr, {}), *ask({"GET", "https://a.example/", {}}));
    EXPECT_TRUE(assumed.allowed);
    EXPECT_EQ(outcome_of(assumed), "allowed by rules[0] with credential one");
}

}  // namespace
}  // namespace sallyport::rules
