#include "rules/pack_reader.h"

#include <gtest/gtest.h>

#include "rules/explain.h"
#include "rules/policy_diff.h"
#include "rules/question.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::first_diagnostic;
using sample::snapshot_of;
using sample::verdict_of;

std::string diagnostic_of(const std::string& rule) { return first_diagnostic(file_with({rule})); }

TEST(PackReader, RulesStandWhereTheEntryStands) {
    const auto file = parse_policy_file(
        file_with({"{ host: a.example }", "{ use: anthropic, credential: one }", "{ host: b.example }"}), "f.yaml");
    ASSERT_TRUE(file.file);
    const auto& rules = file.file->policies.at("p")->rules;
    std::vector<std::string> labels;
    for (const Rule& rule : rules) labels.push_back(rule.label + ':' + std::to_string(rule.place.line));
    EXPECT_EQ(labels, (std::vector<std::string>{"rules[0]:9", "anthropic/messages:10", "anthropic/models:10", "rules[2]:11",
                                                "anthropic/deny-keys:10"}));
    EXPECT_EQ(rules[1].credential, 0);
    EXPECT_EQ(rules[3].credential, -1);
    EXPECT_TRUE(rules[4].deny);
}

TEST(PackReader, RefusesWhatItDoesNotKnow) {
    const struct {
        std::string rule;
        std::string diagnostic;
    } kCases[] = {
        {"{ use: github, credential: one }", ""},
        {"{ use: github }", ""},
        {"{ use: githb, credential: one }", "f.yaml:9:16: error: there is no pack \"githb\", did you mean \"github\"?"},
        {"{ use: [github] }", "f.yaml:9:16: error: \"use\" must be a string"},
        {"{ use: github, credential: oe }", "f.yaml:9:36: error: credential \"oe\" is not defined, did you mean \"one\"?"},
        {"{ use: github, repo: acme/app }", "f.yaml:9:24: error: unknown key \"repo\", did you mean \"repos\"?"},
        {"{ use: github, host: a.example }", "f.yaml:9:24: error: unknown key \"host\""},
        {"{ use: github, deny: true }", "f.yaml:9:24: error: unknown key \"deny\""},
        {"{ use: github, repos: acme }",
         "f.yaml:9:31: error: \"acme\" is not an owner and a name, such as \"acme/app\" or \"acme/*\""},
        {"{ use: github, repos: \"acme/**\" }",
         "f.yaml:9:31: error: \"acme/**\" is not an owner and a name, such as \"acme/app\" or \"acme/*\""},
        {"{ use: github, repos: acme/.. }",
         "f.yaml:9:31: error: \"acme/..\" is not an owner and a name, such as \"acme/app\" or \"acme/*\""},
        {"{ use: github, repos: [] }", "f.yaml:9:31: error: \"repos\" is an empty list"},
        {"{ use: github, parts: [apy] }",
         "f.yaml:9:32: error: \"github\" has no part \"apy\", did you mean \"api\"?"},
        {"{ use: github, methods: [PROPFIND] }",
         "f.yaml:9:34: error: \"github\" allows no request with method \"PROPFIND\""},
        {"{ use: github, paths: [\"/other/**\"] }",
         "f.yaml:9:32: error: \"/other/**\" is not inside what \"github\" allows"},
        {"{ use: github, paths: [\"/**\"] }", "f.yaml:9:32: error: \"/**\" is not inside what \"github\" allows"},
        {"{ use: github, paths: [repos] }", "f.yaml:9:32: error: \"repos\" is not inside what \"github\" allows"},
        {"{ use: github, parts: uploads, methods: [GET] }", "f.yaml:9:9: error: this leaves nothing of \"github\""},
        {"{ use: aws-s3, credential: one, regions: eu-west-1 }", "f.yaml:9:9: error: \"aws-s3\" needs \"buckets\""},
        {"{ use: aws-s3, credential: one, regions: eu-west-1, buckets: \"*\" }",
         "f.yaml:9:70: error: \"*\" is not part of a host's name: letters, digits, '-' and '.'"},
        {"{ use: aws-s3, credential: one, regions: eu-west-1, buckets: \"eve.example/\" }",
         "f.yaml:9:70: error: \"eve.example/\" is not part of a host's name: letters, digits, '-' and '.'"},
        {"{ use: gitlab, at: \"*.example\" }", "f.yaml:9:28: error: \"*.example\" is not the name of a host"},
        {"{ use: gitlab, at: 10.0.0.1, credential: one }",
         "f.yaml:9:9: error: a credential never goes to an address: \"10.0.0.1\""},
        {"{ use: slack, calls: a/b }", "f.yaml:9:30: error: \"a/b\" is not one segment of a path"},
        {"{ use: ghcr, repos: \"a//b\" }", "f.yaml:9:29: error: \"a//b\" is not a path without its first slash"},
        {"{ use: github, allow_minting: true }", "f.yaml:9:39: error: \"allow_minting\" needs \"credential\""},
        {"{ host: a.example, allow_minting: true }", "f.yaml:9:43: error: \"allow_minting\" needs \"credential\""},
    };
    for (const auto& each : kCases) EXPECT_EQ(diagnostic_of(each.rule), each.diagnostic) << each.rule;
}

TEST(PackReader, AFaultIsReportedOnceThoughEveryPartHasIt) {
    std::size_t errors = 0;
    for (const std::string& each : sample::all_diagnostics(file_with({"{ use: github, credential: won }"})))
        errors += each.find(": error: ") != each.npos ? 1 : 0;
    EXPECT_EQ(errors, 1u);
}

TEST(PackReader, BoundsWhatAPackStandsFor) {
    std::string repos;
    for (int i = 0; i < 257; ++i) repos += (i > 0 ? ", a/r" : "a/r") + std::to_string(i);
    EXPECT_EQ(diagnostic_of("{ use: github, repos: [" + repos + "] }"),
              "f.yaml:9:31: error: \"repos\" has 256 values at most");
    const std::vector<std::string> uses(6'000, "{ use: anthropic, credential: one, name: x }");
    EXPECT_EQ(sample::first_error(file_with(uses)), "f.yaml:9:7: error: with its packs, a policy has 10000 rules at most");
}

TEST(PackReader, ANameIsPutInFront) {
    const auto snapshot = snapshot_of(file_with({"{ use: stripe, name: shop, credential: one }"}));
    EXPECT_EQ(verdict_of(snapshot, "GET https://api.stripe.com/v1/charges"), "allow shop/api");
    EXPECT_EQ(verdict_of(snapshot, "POST https://api.stripe.com/v1/ephemeral_keys"), "denied_by_rule stripe/deny-keys");
}

TEST(PackReader, TwoUsesWithoutNamesAreWarnedOf) {
    const std::string use = "{ use: anthropic, credential: one, parts: models }";
    EXPECT_EQ(first_diagnostic(file_with({use, use})),
              "f.yaml:10:9: warning: the rule in line 9 has the name \"anthropic/models\" too");
}

TEST(PackReader, MethodsAndPathsNarrow) {
    const auto snapshot = snapshot_of(
        file_with({"{ use: openai, credential: one, methods: [POST], paths: [/v1/responses, /v1/chat/completions] }"}));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(verdict_of(snapshot, "POST https://api.openai.com/v1/responses"), "allow openai/inference");
    EXPECT_EQ(verdict_of(snapshot, "POST https://api.openai.com/v1/chat/completions"), "allow openai/inference");
    EXPECT_EQ(verdict_of(snapshot, "GET https://api.openai.com/v1/responses"), "denied default");
    EXPECT_EQ(verdict_of(snapshot, "POST https://api.openai.com/v1/embeddings"), "denied default");
    EXPECT_EQ(verdict_of(snapshot, "GET https://api.openai.com/v1/models"), "denied default");
}

TEST(PackReader, PathsNarrowAPartThatIsAboutEveryPath) {
    const auto snapshot = snapshot_of(file_with({"{ use: npm, credential: one, paths: [\"/@acme/**\"] }"}));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(verdict_of(snapshot, "GET https://registry.npmjs.org/@acme/app"), "allow npm/install");
    EXPECT_EQ(verdict_of(snapshot, "GET https://registry.npmjs.org/left-pad"), "denied default");
}

TEST(PackReader, OptionalPartsAreThereWhereTheyAreNamedOnly) {
    const std::string request = "POST https://api.github.com/graphql";
    EXPECT_EQ(verdict_of(snapshot_of(file_with({"{ use: github, credential: one }"})), request), "denied default");
    EXPECT_EQ(verdict_of(snapshot_of(file_with({"{ use: github, credential: one, parts: graphql }"})), request),
              "allow github/graphql");
}

TEST(PackReader, APackMayBeAtAHostOfOnesOwn) {
    const auto snapshot = snapshot_of(
        file_with({"{ use: gitlab, credential: one, at: git.acme.example, port: 8443, cidr: 10.0.0.0/8 }"}));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(verdict_of(snapshot, "GET https://git.acme.example:8443/api/v4/user"), "allow gitlab/api");
    EXPECT_EQ(verdict_of(snapshot, "GET https://gitlab.com/api/v4/user"), "denied default");
    EXPECT_EQ(verdict_of(snapshot, "POST https://git.acme.example:8443/api/v4/user/keys"),
              "denied_by_rule gitlab/deny-keys");
}

TEST(PackReader, WithoutACredentialAPackIsRulesWithoutOne) {
    const auto snapshot = snapshot_of(file_with({"{ use: npm }"}));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(verdict_of(snapshot, "GET https://registry.npmjs.org/left-pad"), "allow npm/install");
    EXPECT_EQ(verdict_of(snapshot, "GET http://registry.npmjs.org/left-pad"), "denied default");
}

TEST(PackReader, WhatIsDownloadedInPartsIsScannedInPartsUnlessTheEntrySaysOtherwise) {
    const auto ranges_with = [](const std::string& keys) {
        const auto parsed = parse_policy_file(
            file_with({"{ use: aws-s3, buckets: acme, regions: eu-west-1" + keys + " }"}), "f.yaml");
        return parsed.file ? std::optional(parsed.file->policies.at("p")->rules.at(0).exchange.ranges) : std::nullopt;
    };
    EXPECT_EQ(ranges_with(", credential: one"), RangeUse::scan);
    EXPECT_EQ(ranges_with(", credential: one, ranges: refuse"), RangeUse::refuse);
    EXPECT_EQ(ranges_with(""), RangeUse::strip);
}

TEST(PackReader, RuntimeRulesMayUsePacks) {
    sample::Extras extras;
    extras.runtime_rules = R"([{"use": "stripe", "credential": "one"}])";
    const auto snapshot = sample::snapshot_with(file_with({"{ host: api.stripe.com }"}), extras);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(verdict_of(snapshot, "GET https://api.stripe.com/v1/charges"), "allow stripe/api");
    EXPECT_EQ(verdict_of(snapshot, "POST https://api.stripe.com/v1/webhook_endpoints"),
              "denied_by_rule stripe/deny-hooks");
}

TEST(PackReader, ExplainShowsThePartAndTheLineOfTheEntry) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example }", "{ use: github, credential: one }"}));
    ASSERT_TRUE(snapshot);
    const auto explanation = explain(*snapshot, *ask({"POST", "https://api.github.com/user/keys", {}}));
    EXPECT_EQ(explanation.rule, "github/deny-keys");
    EXPECT_EQ(explanation.line, 10);
    EXPECT_FALSE(explanation.allowed);
}

TEST(PackReader, DiffShowsWhatAPackStandsFor) {
    const auto file_of = [](const std::string& rule) { return parse_policy_file(file_with({rule}), "f").file; };
    const auto before = file_of("{ use: github, credential: one, repos: acme/app, parts: api }");
    const auto after = file_of("{ use: github, credential: one, repos: acme/lib, parts: api }");
    ASSERT_TRUE(before && after);
    const std::string text = to_text(diff(*before, *after));
    EXPECT_NE(text.find("policy p, rule github/api: paths: /repos/acme/app, /repos/acme/app/** → /repos/acme/lib, "
                        "/repos/acme/lib/**"),
              text.npos)
        << text;
    EXPECT_EQ(to_text(diff(*before, *before)), "no differences\n");
}

TEST(PackReader, DiffKnowsTheRulesAfterAPack) {
    const auto file_of = [](const std::string& last) {
        return parse_policy_file(file_with({"{ use: github, credential: one }", last}), "f").file;
    };
    const auto before = file_of("{ name: x, host: a.example }");
    const auto after = file_of("{ name: x, host: a.example, deny: true }");
    ASSERT_TRUE(before && after);
    const std::string text = to_text(diff(*before, *after));
    EXPECT_NE(text.find("policy p, rule x: deny: not set → true"), text.npos) << text;
    EXPECT_EQ(text.find("github"), text.npos) << text;
}

}  // namespace
}  // namespace sallyport::rules
