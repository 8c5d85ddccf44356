#include "rules/rule_lint.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string first_of(const std::vector<std::string>& rules) {
    return sample::first_diagnostic(sample::file_with(rules));
}

TEST(RuleLint, P21_AmbiguousCredentialsAreAnErrorAtLoad) {
    const std::string message =
        "f.yaml:10:9: error: ambiguous credential: \"two\" here and \"one\" in \"rules[0]\" (line 9) are for the "
        "same requests";
    EXPECT_EQ(first_of({"{ host: a.example, credential: one }", "{ host: a.example, credential: two }"}), message);
    EXPECT_EQ(first_of({"{ host: A.Example., credential: one }", "{ host: [b.example, a.example], credential: two }"}),
              message);
    EXPECT_EQ(first_of({"{ host: \"*.a.example\", methods: [GET, PUT], paths: [/x], credential: one }",
                        "{ host: \"*.a.example\", methods: [PUT, GET], paths: [/x], scheme: https, credential: two }"}),
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
    EXPECT_EQ(
        first_of({"{ host: a.example, credential: one }", "{ host: \"*.a.example\", paths: [/x], credential: two }"}),
        "");
    // The narrower one first says what is different.
    EXPECT_EQ(first_of({"{ host: a.example, paths: [\"/a/*\"], credential: one }",
                        "{ host: a.example, paths: [\"/a/**\"], credential: two }"}),
              "");
    EXPECT_EQ(first_of({"{ host: a.example, paths: [\"/a/**\"], credential: one }",
                        "{ host: \"*.a.example\", paths: [\"/a/**\"], credential: two }"}),
              "");
}

TEST(RuleLint, P21_TheSameRequestsInOtherWordsAreAnErrorToo) {
    const std::string message =
        "f.yaml:10:9: error: ambiguous credential: \"two\" here and \"one\" in \"rules[0]\" (line 9) are for the "
        "same requests";
    const std::vector<std::string> lists[] = {
        {"{ host: a.example, credential: one }", "{ host: a.example, port: 443, credential: two }"},
        {"{ host: a.example, paths: [\"/a/**\", /a/b], credential: one }",
         "{ host: a.example, paths: [\"/a/**\"], credential: two }"},
        {"{ host: a.example, paths: [/a/, \"/a/*\", \"/a/*/**\"], credential: one }",
         "{ host: a.example, paths: [\"/a/**\"], credential: two }"},
        {"{ host: a.example, headers: { X-A: \"*a\" }, credential: one }",
         "{ host: a.example, headers: { x-a: \"**a\" }, credential: two }"},
        {"{ host: a.example, cidr: 10.0.0.0/8, credential: one }", "{ host: a.example, credential: two }"},
    };
    for (const auto& rules : lists) EXPECT_EQ(first_of(rules), message) << rules[1];
}

TEST(RuleLint, P21_WarnsWhereTheOrderAloneDecidesWhichCredentialIsUsed) {
    const std::string message =
        "f.yaml:10:9: warning: requests that match \"rules[0]\" (line 9) too get \"one\", not \"two\": that rule comes "
        "first";
    const std::vector<std::string> lists[] = {
        {"{ host: a.example, methods: [GET], credential: one }", "{ host: a.example, paths: [/a], credential: two }"},
        {"{ host: a.example, paths: [\"/a/*\"], credential: one }",
         "{ host: a.example, paths: [\"/*/b\"], credential: two }"},
        {"{ host: a.example, query: { q: \"*\" }, credential: one }",
         "{ host: a.example, headers: { h: \"*\" }, credential: two }"},
        {"{ host: \"*.a.example\", methods: [GET], paths: [/a], credential: one }",
         "{ host: b.a.example, credential: two }"},
    };
    for (const auto& rules : lists) EXPECT_EQ(first_of(rules), message) << rules[1];
}

TEST(RuleLint, D7_WarnsOfCredentialsForMoreHostsThanAnybodyHasInView) {
    EXPECT_EQ(first_of({"{ host: \"**.acme.example\", paths: [/a], credential: one }"}),
              "f.yaml:9:9: warning: credential \"one\" goes to every name below \"acme.example\", at any depth: name "
              "the hosts");
    EXPECT_EQ(
        first_of({"{ host: [acme.example, \"*.acme.example\"], credential: one }"}),
        "f.yaml:9:9: warning: credential \"one\" goes to every path of every host like \"*.acme.example\": name the "
        "hosts, or narrow it by \"paths\"");
    EXPECT_EQ(first_of({"{ host: \"*.acme.example\", paths: [\"/api/**\"], credential: one }"}), "");
    EXPECT_EQ(first_of({"{ host: acme.example, credential: one }", "{ host: \"**.acme.example\" }"}), "");
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
        // The rule decides, and then every address must be inside.
        {"{ host: \"*\", cidr: 10.0.0.0/8 }", "{ host: a.example }"},
        {"{ host: a.example, methods: [GET, PUT] }", "{ host: a.example, methods: [GET], paths: [/a] }"},
        {"{ host: a.example, paths: [\"/a/**\"] }", "{ host: a.example, paths: [\"/a/*/b\", /a/c] }"},
        {"{ host: a.example, query: { q: \"a*\" } }", "{ host: a.example, query: { q: \"ab*\" } }"},
        {"{ host: [192.0.2.1, a.example] }", "{ host: 192.0.2.1, port: 443, scheme: https }"},
        {"{ host: \"*.a.example\", tls: passthrough }", "{ host: b.a.example, credential: one }"},
        {"{ host: a.example }", "{ host: a.example, tls: passthrough }"},
        {"{ tcp: \"a.example:22\" }", "{ tcp: \"a.example:22\" }"},
        {"{ host: a.example }", "{ host: a.example, respond: { status: 200 } }"},
    };
    for (const auto& rules : later_rules) EXPECT_EQ(first_of(rules), shadowed) << rules[1];
    EXPECT_EQ(first_of({"{ host: b.a.example }", "{ host: \"**.a.example\", deny: true }"}),
              "f.yaml:9:9: warning: this rule can never match: \"rules[1]\" (line 10) denies its hosts");
    EXPECT_EQ(first_of({"{ host: a.example, methods: [GET] }", "{ host: a.example, methods: [GET], deny: true }"}),
              "f.yaml:9:9: warning: this rule can never match: \"rules[1]\" (line 10) denies all of it");
}

TEST(RuleLint, WarnsOfRulesThatSeveralTogetherCover) {
    EXPECT_EQ(first_of({"{ host: a.example, methods: [GET] }", "{ host: b.example }",
                        "{ host: a.example, methods: [PUT, POST] }",
                        "{ host: a.example, methods: [PUT, GET], paths: [/a] }"}),
              "f.yaml:12:9: warning: this rule can never match: \"rules[0]\" (line 9) and \"rules[2]\" (line 11) leave "
              "nothing of it");
    EXPECT_EQ(
        first_of({"{ host: [a.example, b.example], methods: [GET] }", "{ host: a.example, methods: [GET], deny: true }",
                  "{ host: b.example, paths: [/, \"/*\"], deny: true }",
                  "{ host: b.example, paths: [\"/*/**\"], deny: true }"}),
        "f.yaml:9:9: warning: this rule can never match: \"rules[1]\" (line 10), \"rules[2]\" (line 11) and "
        "\"rules[3]\" "
        "(line 12) leave nothing of it");
}

TEST(RuleLint, LongListsOfRulesForOneHostAreTakenAsTheyAre) {
    std::vector<std::string> rules;
    for (int i = 0; i < 3000; ++i)
        rules.push_back("{ host: a.example, paths: [\"/p" + std::to_string(i) +
                        "/**\"], credential: " + (i % 2 == 0 ? "one" : "two") + " }");
    EXPECT_EQ(first_of(rules), "");
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
        {"{ host: a.example, credential: one }", "{ host: a.example }"},
        {"{ host: a.example, paths: [\"/a/*\"] }", "{ host: a.example, paths: [\"/a/**\"] }"},
        {"{ host: a.example, methods: [GET] }", "{ host: a.example, methods: [GET, PUT] }"},
        {"{ host: a.example, headers: { h: \"a*\" } }", "{ host: a.example, headers: { h: \"*\" } }"},
        {"{ host: a.example }", "{ tcp: \"a.example:22\" }"},
        {"{ host: a.example, tls: passthrough }", "{ host: a.example, scheme: http }"},
        {"{ cidr: 10.0.0.0/8 }", "{ cidr: 10.1.0.0/16 }"},
        {"{ host: a.example, headers: { host: \"a*\" } }", "{ host: a.example }"},
        {"{ host: \"*\" }", "{ host: 192.0.2.1 }"},
        {"{ host: \"*.a.example\" }", "{ host: [b.a.example, a.example] }"},
        {"{ host: \"**.a.example\", port: 443, deny: true }", "{ host: b.a.example }"},
    };
    for (const auto& rules : rule_lists) EXPECT_EQ(first_of(rules), "") << rules[0] << rules[1];
}

}  // namespace
}  // namespace sallyport::rules
