#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rules/explain.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

Explanation explained(const std::vector<std::string>& rules, const Question& question) {
    const auto snapshot = sample::snapshot_of(sample::file_with(rules));
    const auto asked = ask(question);
    return snapshot != nullptr && asked ? explain(*snapshot, *asked) : Explanation{};
}

const Question kGet{
    "GET", "https://a.example/x?t=" + std::string(sample::kMarker), {{"Authorization", std::string(sample::kMarker)}}};

TEST(ExplainOutput, TextIsForPeople) {
    EXPECT_EQ(to_text(explained(
                  {"{ host: a.example, methods: [PUT] }", "{ name: read, host: a.example, credential: one }"}, kGet)),
              "allowed: rule read matches\n"
              "  rule        read (f.yaml:10:9)\n"
              "  action      forward\n"
              "  credential  one\n"
              "  policy      p, generation 1\n"
              "looked at, in this order:\n"
              "  - rules[0] (f.yaml:9:9): the method is GET, and the rule has PUT\n"
              "  * read (f.yaml:10:9): it matches\n");
    EXPECT_EQ(to_text(explained({"{ host: b.example }"}, kGet)),
              "denied: no rule matches, and the policy's default is deny (0 of 1 rules are about this host)\n"
              "  error       denied\n"
              "  rule        default\n"
              "  policy      p, generation 1\n"
              "looked at, in this order:\n"
              "  - rules[0] (f.yaml:9:9): the host is a.example, and the rule is for b.example\n");
}

TEST(ExplainOutput, JsonHoldsEverything) {
    const auto json = nlohmann::json::parse(to_json(explained({"{ host: a.example, credential: one }"}, kGet)));
    EXPECT_EQ(json["verdict"], "allow");
    EXPECT_EQ(json["allowed"], true);
    EXPECT_EQ(json["error"], nullptr);
    EXPECT_EQ(json["rule"], "rules[0]");
    EXPECT_EQ(json["line"], 9);
    EXPECT_EQ(json["credential"], "one");
    EXPECT_EQ(json["earlier"][0]["matched"], true);
    EXPECT_EQ(json["earlier"][0]["layer"], "policy");
    Explanation odd;
    odd.rule = "\xff\x1b";
    EXPECT_EQ(nlohmann::json::parse(to_json(odd))["allowed"], false);
    EXPECT_EQ(nlohmann::json::parse(to_json(odd))["verdict"], "deny");
    EXPECT_EQ(to_text(odd).find('\x1b'), std::string::npos);
}

TEST(ExplainOutput, HoldsNoValues) {
    for (const auto& rule : {"{ host: a.example, credential: one }", "{ host: a.example, query: { t: x } }",
                             "{ host: a.example, headers: { authorization: x } }"}) {
        const Explanation explanation = explained({rule}, kGet);
        EXPECT_EQ(to_text(explanation).find(sample::kMarker), std::string::npos);
        EXPECT_EQ(to_json(explanation).find(sample::kMarker), std::string::npos);
    }
}

TEST(ExplainOutput, AnOutcomeIsOneLine) {
    struct Case {
        std::string rule;
        std::string outcome;
        std::string effect;
    };
    const std::vector<Case> cases{
        {"{ name: r, host: a.example }", "allowed by r", "forward"},
        {"{ name: r, host: a.example, credential: one }", "allowed by r with credential one",
         "forward with credential one"},
        {"{ name: r, host: a.example, credential: two }", "allowed by r with credential two (its secret is missing)",
         "forward with credential two"},
        {"{ name: r, host: a.example, upstream: \"https://b.example\", cidr: 10.0.0.0/8 }",
         "allowed by r, sent to https://b.example, inside 10.0.0.0/8",
         "forward, sent to https://b.example, inside 10.0.0.0/8"},
        {"{ name: r, host: a.example, respond: { status: 200 } }", "answered by r", "respond"},
        {"{ name: r, host: a.example, tls: passthrough }", "passed through by r", "passthrough"},
        {"{ name: r, host: a.example, deny: true }", "denied by r", "denied"},
        {"{ name: r, host: b.example }", "denied by default", "denied"},
    };
    for (const Case& one : cases) {
        const Explanation explanation = explained({one.rule}, kGet);
        EXPECT_EQ(outcome_of(explanation), one.outcome) << one.rule;
        EXPECT_EQ(effect_of(explanation), one.effect) << one.rule;
    }
}

}  // namespace
}  // namespace sallyport::rules
