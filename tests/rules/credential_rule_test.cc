#include "rules/credential_rule.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string first_of(const std::string& rule) { return sample::first_error(sample::file_with({rule})); }

std::string shared(const std::string& host, const std::string& suffix) {
    return "f.yaml:9:17: error: a credential for \"" + host + "\" would go to anyone with a name under \"" + suffix +
           "\", a public suffix";
}

TEST(CredentialRule, ThreatD7RefusesWildcardsThatCoverAPublicSuffix) {
    const std::pair<std::string, std::string> cases[] = {
        {"*.com", "com"},
        {"**.com", "com"},
        {"**.co.uk", "co.uk"},
        {"*.*.uk", "uk"},
        {"*.github.io", "github.io"},
        {"**.amazonaws.com", "amazonaws.com"},
        {"*.ghe.com", "ghe.com"},
        {"*.internal", "internal"},
    };
    for (const auto& [host, suffix] : cases) {
        const std::string canonical = host;
        EXPECT_EQ(first_of("{ host: \"" + host + "\", credential: one }"), shared(canonical, suffix)) << host;
        EXPECT_EQ(first_of("{ host: \"" + host + "\" }"), "") << host;
    }
}

TEST(CredentialRule, AllowsWildcardsOfOneOwner) {
    for (const std::string host : {"*.example.com", "**.svc.internal", "*.acme.co.uk", "*.acme.ghe.com", "github.io"}) {
        EXPECT_EQ(first_of("{ host: \"" + host + "\", credential: one }"), "") << host;
    }
}

TEST(CredentialRule, RefusesEveryName) {
    const std::string message = "f.yaml:9:17: error: a credential needs hosts by name: \"*\" is every name";
    EXPECT_EQ(first_of("{ host: \"*\", credential: one }"), message);
    EXPECT_EQ(first_of("{ host: \"**\", credential: one }"), message);
    EXPECT_EQ(first_of("{ host: [a.example, \"*\"], credential: one }"), message);
}

TEST(CredentialRule, ThreatD8RefusesAddresses) {
    EXPECT_EQ(first_of("{ host: 192.0.2.1, credential: one }"),
              "f.yaml:9:17: error: a credential never goes to an address: \"192.0.2.1\"");
    EXPECT_EQ(first_of("{ host: [a.example, \"::ffff:192.0.2.1\"], credential: one }"),
              "f.yaml:9:17: error: a credential never goes to an address: \"192.0.2.1\"");
    EXPECT_EQ(first_of("{ cidr: 10.0.0.0/8, credential: one }"),
              "f.yaml:9:41: error: a credential needs \"host\": addresses never get one");
}

TEST(CredentialRule, RefusesDeny) {
    EXPECT_EQ(first_of("{ host: a.example, deny: true, credential: one }"),
              "f.yaml:9:52: error: a rule with \"deny\" has no use for \"credential\"");
}

TEST(CredentialRule, ThreatD12RefusesCleartextUnlessTheRuleSaysSo) {
    EXPECT_EQ(first_of("{ host: a.example, credential: one, scheme: http }"),
              "f.yaml:9:53: error: a credential over cleartext needs \"allow_cleartext_credential: true\"");
    EXPECT_EQ(first_of("{ host: a.example, credential: one, scheme: http, allow_cleartext_credential: false }"),
              "f.yaml:9:53: error: a credential over cleartext needs \"allow_cleartext_credential: true\"");
    EXPECT_EQ(first_of("{ host: a.example, credential: one, scheme: http, allow_cleartext_credential: true }"), "");
    EXPECT_EQ(first_of("{ host: a.example, credential: one, scheme: https }"), "");
}

}  // namespace
}  // namespace sallyport::rules
