#include "rules/rule_lint.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string first_of(const std::vector<std::string>& rules) {
    return sample::first_diagnostic(sample::file_with(rules));
}

TEST(RuleLint, ThreatP21AmbiguousCredentialsAreAnErrorAtLoad) {
    const std::string message =
        "f.yaml:10:9: error: ambiguous credential: \"two\" here and \"one\" in \"rules[0]\" (line 9) are for the "
        "same requests";
    EXPECT_EQ(first_of({"{ host: a.example, credential: one }", "{ host: a.example, credential: two }"}), message);
    EXPECT_EQ(first_of({"{ host: A.Example., credential: one }", "{ host: [b.example, a.example], credential: two }"}),
              message);
    EXPECT_EQ(first_of({"{ host: \"*.a.example\", methods: [GET, PUT], credential: one }",
                        "{ host: \"*.a.example\", methods: [PUT, GET], scheme: https, credential: two }"}),
              message);
    EXPECT_EQ(
        first_of(
            {"{ host: a.example, query: { a: x }, headers: { b: y }, port: [1, 2], paths: [/a], credential: one }",
             "{ host: a.example, paths: [/a], port: [2, 1], headers: { b: y }, query: { a: x }, credential: two }"}),
        message);
}

TEST(RuleLint, DifferentRequestsMayHaveDifferentCredentials) {
    EXPECT_EQ(
        first_of({"{ host: a.example, methods: [GET], credential: one }", "{ host: a.example, credential: two }"}), "");
    EXPECT_EQ(first_of({"{ host: a.example, paths: [/a], credential: one }",
                        "{ host: a.example, paths: [/b], credential: two }"}),
              "");
    EXPECT_EQ(first_of({"{ host: a.example, port: 1, credential: one }", "{ host: a.example, credential: two }"}), "");
    EXPECT_EQ(first_of({"{ host: a.example, credential: one }", "{ host: \"*.a.example\", credential: two }"}), "");
}

TEST(RuleLint, WarnsOfRulesThatCanNeverMatch) {
    const std::string shadowed =
        "f.yaml:10:9: warning: this rule can never match: \"rules[0]\" (line 9) comes first and matches all of it";
    const std::vector<std::string> later_rules[] = {
        {"{ host: \"**.a.example\" }", "{ host: b.a.example }"},
        {"{ host: \"*\" }", "{ host: b.example, paths: [/a], credential: one }"},
        {"{ host: a.example }", "{ host: a.example, cidr: 10.0.0.0/8 }"},
        {"{ host: a.example, port: [443, 8443] }", "{ host: a.example, port: 8443, deny: false }"},
        {"{ host: a.example, credential: one }", "{ host: a.example, credential: one, methods: [GET] }"},
    };
    for (const auto& rules : later_rules) EXPECT_EQ(first_of(rules), shadowed) << rules[1];
    EXPECT_EQ(first_of({"{ host: b.a.example }", "{ host: \"**.a.example\", deny: true }"}),
              "f.yaml:9:9: warning: this rule can never match: \"rules[1]\" (line 10) denies its hosts");
}

TEST(RuleLint, DoesNotWarnOfRulesThatCanMatch) {
    const std::vector<std::string> rule_lists[] = {
        {"{ host: a.example }", "{ host: \"*\" }"},
        {"{ host: \"*\" }", "{ host: a.example, deny: true }"},
        {"{ host: \"*\" }", "{ host: a.example, port: 8443 }"},
        {"{ host: \"*\", port: 443 }", "{ host: a.example }"},
        {"{ host: \"*\", scheme: https }", "{ host: a.example }"},
        {"{ host: \"*\", methods: [GET] }", "{ host: a.example }"},
        {"{ host: \"*\", paths: [/**] }", "{ host: a.example }"},
        {"{ host: \"*\", query: { a: \"*\" } }", "{ host: a.example }"},
        {"{ host: \"*\", headers: { a: \"*\" } }", "{ host: a.example }"},
        {"{ host: \"*\", cidr: 10.0.0.0/8 }", "{ host: a.example }"},
        {"{ host: a.example, credential: one }", "{ host: a.example }"},
        {"{ host: \"*\" }", "{ host: 192.0.2.1 }"},
        {"{ host: \"*.a.example\" }", "{ host: [b.a.example, a.example] }"},
        {"{ host: \"**.a.example\", port: 443, deny: true }", "{ host: b.a.example }"},
    };
    for (const auto& rules : rule_lists) EXPECT_EQ(first_of(rules), "") << rules[0] << rules[1];
}

}  // namespace
}  // namespace sallyport::rules
