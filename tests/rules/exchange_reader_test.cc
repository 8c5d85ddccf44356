#include "rules/exchange_reader.h"

#include <gtest/gtest.h>

#include "rules/token_swap.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

const ExchangeOptions* options_of(const std::string& keys) {
    static std::shared_ptr<const PolicySnapshot> snapshot;
    snapshot = sample::snapshot_of(sample::file_with({"{ host: a.example, credential: one" + keys + " }"}));
    return snapshot == nullptr ? nullptr : &snapshot->policy().rules.front().exchange;
}

std::string fault_of(const std::string& rule) { return sample::first_diagnostic(sample::file_with({rule})); }

TEST(ExchangeReader, WithoutKeysSecretsAndCookiesStayHere) {
    const ExchangeOptions* options = options_of("");
    ASSERT_NE(options, nullptr);
    EXPECT_EQ(options->cookies, CookieUse::jar);
    EXPECT_EQ(options->ranges, RangeUse::strip);
    EXPECT_TRUE(options->selector_fields.empty());
}

TEST(ExchangeReader, ReadsEachChoice) {
    EXPECT_EQ(options_of(", cookies: drop")->cookies, CookieUse::drop);
    EXPECT_EQ(options_of(", cookies: pass")->cookies, CookieUse::pass);
    EXPECT_EQ(options_of(", ranges: refuse")->ranges, RangeUse::refuse);
    EXPECT_EQ(options_of(", ranges: scan")->ranges, RangeUse::scan);
    EXPECT_EQ(options_of(", selector: { X-Account: work }")->selector_fields, std::vector<std::string>{"X-Account"});
}

TEST(ExchangeReader, ClientsOfAwsGetThePartsThatTheyAskFor) {
    const auto ranges_of = [](const std::string& keys) {
        const auto snapshot = sample::snapshot_of(
            "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN } }\n"
            "credentials: { s3: { type: aws_sigv4, access_key_id: AKIA, secret_access_key: \"${secrets.token}\", services: [s3], "
            "regions: [eu-west-1] } }\n"
            "policies: { p: { rules: [ { host: store.example, credential: s3" + keys + " } ] } }\n");
        return snapshot->policy().rules.front().exchange.ranges;
    };
    EXPECT_EQ(ranges_of(""), RangeUse::scan);
    EXPECT_EQ(ranges_of(", ranges: refuse"), RangeUse::refuse);
}

TEST(ExchangeReader, TokensAreSwappedBesideACredentialOrWithoutOne) {
    EXPECT_EQ(options_of("")->tokens, nullptr);
    EXPECT_NE(options_of(", tokens: true")->tokens, nullptr);
    const auto snapshot = sample::snapshot_of(sample::file_with({"{ host: a.example, tokens: { fields: [jwt] } }"}));
    const Decision decision = sample::decide(snapshot, "GET https://a.example/");
    ASSERT_NE(decision.exchange, nullptr);
    EXPECT_EQ(decision.exchange->tokens->fields, std::vector<std::string>{"jwt"});
}

TEST(ExchangeReader, RefusesWhatSaysNothing) {
    EXPECT_EQ(fault_of("{ host: a.example, cookies: jar }"), "f.yaml:9:37: error: \"cookies\" needs \"credential\"");
    EXPECT_EQ(fault_of("{ host: a.example, selector: { X: y } }"), "f.yaml:9:38: error: \"selector\" needs \"credential\"");
    EXPECT_EQ(fault_of("{ host: a.example, credential: one, ranges: stirp }"),
              "f.yaml:9:53: error: \"ranges\" must be one of strip, refuse, scan, not \"stirp\", did you mean \"strip\"?");
    EXPECT_EQ(fault_of("{ host: a.example, credential: one, headers: { X-A: b }, selector: { x-a: c } }"),
              "f.yaml:9:78: error: duplicate key \"x-a\": header names have no case");
}

}  // namespace
}  // namespace sallyport::rules
