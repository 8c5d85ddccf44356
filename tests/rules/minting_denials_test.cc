#include "rules/minting_denials.h"

#include <gtest/gtest.h>

#include "rules/fields.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;
using sample::verdict_of;

const std::string kMint = "POST https://api.github.com/user/keys";

std::string verdict_with(const std::vector<std::string>& rules, const std::string& request = kMint) {
    return verdict_of(snapshot_of(file_with(rules)), request);
}

TEST(MintingDenials, ComeWithACredentialForAHost) {
    EXPECT_EQ(verdict_with({"{ host: api.github.com, credential: one }"}), "denied_by_rule github/deny-keys");
    EXPECT_EQ(verdict_with({"{ host: api.github.com }"}), "allow rules[0]");
}

TEST(MintingDenials, AreForTheHostWhicheverRuleLetsTheRequestThrough) {
    EXPECT_EQ(verdict_with({"{ host: api.github.com, methods: [POST] }",
                            "{ host: api.github.com, methods: [GET], credential: one }"}),
              "denied_by_rule github/deny-keys");
}

TEST(MintingDenials, EachRuleMayGoWithout) {
    EXPECT_EQ(verdict_with({"{ host: api.github.com, credential: one, allow_minting: true }"}), "allow rules[0]");
    EXPECT_EQ(verdict_with({"{ use: github, credential: one, allow_minting: true }"}), "allow github/api");
    EXPECT_EQ(verdict_with({"{ host: api.github.com, methods: [POST], credential: one, allow_minting: true }",
                            "{ host: api.github.com, methods: [GET], credential: one }"}),
              "denied_by_rule github/deny-keys");
    EXPECT_EQ(verdict_with({"{ host: api.github.com, credential: one, allow_minting: false }"}),
              "denied_by_rule github/deny-keys");
}

TEST(MintingDenials, ComeWithAWildcardThatTheHostIsUnder) {
    EXPECT_EQ(verdict_with({"{ host: \"*.github.com\", credential: one }"}), "denied_by_rule github/deny-keys");
    EXPECT_EQ(verdict_with({"{ host: \"**.github.com\", credential: one }"}), "denied_by_rule github/deny-keys");
    EXPECT_EQ(verdict_with({"{ host: \"*.api.github.com\", credential: one }", "{ host: api.github.com }"}),
              "allow rules[1]");
}

// No file has such a rule: a credential for so wide a wildcard is an error.
TEST(MintingDenials, WithTwoWildcardsAreForTheNarrowerOne) {
    Rule rule;
    rule.credential = 0;
    rule.hosts = {*parse_host_pattern("*.acme.blob.core.windows.net"), *parse_host_pattern("**.windows.net")};
    std::vector<std::string> hosts;
    for (const Node& denial : denials_for({rule}, {CredentialSpec{}}, {})) {
        if (find(denial, "name")->text != "azure-blob/deny-keys") continue;
        for (const Node& host : find(denial, "host")->items) hosts.push_back(host.text);
    }
    EXPECT_EQ(hosts, (std::vector<std::string>{"*.acme.blob.core.windows.net", "*.blob.core.windows.net"}));
}

TEST(MintingDenials, AreForEveryPort) {
    EXPECT_EQ(verdict_with({"{ host: api.github.com, port: 8443, credential: one }"}, "POST https://api.github.com:8443/user/keys"),
              "denied_by_rule github/deny-keys");
}

TEST(MintingDenials, KnowWhereARewrittenRequestGoes) {
    EXPECT_EQ(verdict_with({"{ host: gh.internal, upstream: \"https://api.github.com\", credential: one }"},
                           "POST https://gh.internal/user/keys"),
              "denied_by_rule github/deny-keys");
    EXPECT_EQ(verdict_with({"{ host: api.github.com, upstream: \"https://mirror.example\", credential: one }"}),
              "allow rules[0]");
}

TEST(MintingDenials, SayTheLineOfTheFirstRuleThatHasThem) {
    const auto file = parse_policy_file(file_with({"{ host: a.example }", "{ host: api.stripe.com, credential: one }",
                                                   "{ host: api.stripe.com, port: 8443, credential: one }"}),
                                        "f");
    ASSERT_TRUE(file.file);
    const auto& rules = file.file->policies.at("p")->rules;
    ASSERT_EQ(rules.size(), 6u);
    for (std::size_t i = 3; i < rules.size(); ++i) {
        EXPECT_TRUE(rules[i].deny);
        EXPECT_EQ(rules[i].place.line, 10);
        EXPECT_EQ(to_string(rules[i].hosts.at(0)), "api.stripe.com");
    }
}

TEST(MintingDenials, OfOtherProvidersAreNotThere) {
    const auto file = parse_policy_file(file_with({"{ host: api.acme.example, credential: one }"}), "f");
    ASSERT_TRUE(file.file);
    EXPECT_EQ(file.file->policies.at("p")->rules.size(), 1u);
}

TEST(MintingDenials, ComeWithRuntimeRulesToo) {
    sample::Extras extras;
    extras.runtime_rules = R"([{"host": "api.github.com", "credential": "one"}])";
    const auto snapshot = sample::snapshot_with(file_with({"{ host: api.github.com }"}), extras);
    EXPECT_EQ(verdict_of(snapshot, kMint), "denied_by_rule github/deny-keys");
}

TEST(MintingDenials, FindsByName) {
    std::vector<std::string> names;
    shipped_denials().find({"api.anthropic.com", 0, false},
                           [&](const MintingDenials::Denial& denial) { names.push_back(denial.name); });
    EXPECT_EQ(names, std::vector<std::string>{"anthropic/deny-keys"});
}

}  // namespace
}  // namespace sallyport::rules
