#include "rules/coverage.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

// "found", "none 0 2" (the rules that are enough), "gave up".
std::string covered(const std::vector<std::string>& rules, std::uint64_t steps = 100'000) {
    const auto file = parse_policy_file(sample::file_with(rules), "f.yaml").file;
    if (file == nullptr) return sample::first_diagnostic(sample::file_with(rules));
    const CompiledPolicy& policy = *file->policies.at("p");
    Budget budget(steps);
    const Covered last = Coverage(policy).of(static_cast<std::uint32_t>(rules.size() - 1), budget);
    if (last.outcome == Search::gave_up) return "gave up";
    if (last.outcome == Search::found) return "found";
    std::string text = "none";
    for (const Rule* rule : last.by) text += ' ' + std::to_string(rule - policy.rules.data());
    return text;
}

TEST(Coverage, NamesRulesThatAreEnough) {
    EXPECT_EQ(covered({"{ host: \"*\", methods: [PUT] }", "{ host: a.example, paths: [/a] }", "{ host: a.example }",
                       "{ host: a.example }"}),
              "none 2");
    EXPECT_EQ(covered({"{ host: a.example, methods: [PUT] }", "{ host: a.example, methods: [GET] }",
                       "{ host: a.example, methods: [GET, PUT] }"}),
              "none 0 1");
    EXPECT_EQ(covered({"{ host: a.example, methods: [PUT] }", "{ host: a.example }"}), "found");
}

TEST(Coverage, LooksAtEveryHostOfARule) {
    EXPECT_EQ(covered({"{ host: a.example }", "{ host: [a.example, b.example] }"}), "found");
    EXPECT_EQ(covered({"{ host: a.example }", "{ host: b.example }", "{ host: [a.example, b.example] }"}), "none 0 1");
    EXPECT_EQ(covered({"{ host: \"*.a.example\" }", "{ host: \"**.a.example\" }"}), "found");
    EXPECT_EQ(covered({"{ host: \"*.a.example\" }", "{ host: \"**.*.a.example\" }", "{ host: \"**.a.example\" }"}),
              "none 0 1");
}

TEST(Coverage, ScriptsMayFetchWhatIsPassedThrough) {
    const std::vector<std::string> rules{"{ host: a.example, tls: passthrough }", "{ host: a.example, scheme: https }"};
    EXPECT_EQ(covered(rules), "none 0");
    const auto file = parse_policy_file(sample::file_with(rules) + "    script: handlers/vcs.js\n", "f.yaml").file;
    ASSERT_NE(file, nullptr);
    Budget budget(100'000);
    EXPECT_EQ(Coverage(*file->policies.at("p")).of(1, budget).outcome, Search::found);
}

TEST(Coverage, SaysNothingThatIsNotCertain) {
    EXPECT_EQ(covered({"{ cidr: 10.0.0.0/8 }", "{ cidr: 10.0.0.0/8 }"}), "gave up");
    EXPECT_EQ(covered({"{ host: a.example }", "{ host: a.example }"}, 1), "gave up");
}

TEST(Coverage, OriginsAreThoseOfTheRulesPorts) {
    const auto file =
        parse_policy_file(sample::file_with({"{ host: a.example, port: [80, 8443] }",
                                             "{ host: a.example, credential: one }", "{ tcp: \"a.example:22\" }"}),
                          "f.yaml")
            .file;
    ASSERT_NE(file, nullptr);
    const auto& rules = file->policies.at("p")->rules;
    EXPECT_EQ(origins_of(rules[0], "a.example", false).size(), 4u);
    EXPECT_EQ(origins_of(rules[1], "a.example", false).size(), 1u);
    EXPECT_EQ(origins_of(rules[2], "a.example", false).size(), 1u);
}

}  // namespace
}  // namespace sallyport::rules
