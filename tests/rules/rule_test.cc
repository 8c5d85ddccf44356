#include "rules/rule.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// "allow", or why not.
std::string verdict(const std::string& rule, std::string_view request, const Fields& fields = {}) {
    const auto snapshot = sample::snapshot_of(sample::file_with({rule}));
    if (!snapshot) return "does not load";
    const std::string text = sample::verdict_of(snapshot, request, fields);
    return text.substr(0, text.find(' '));
}

// What a rule that denies says, where the rest is allowed.
std::string denial(const std::string& rule, std::string_view request, const Fields& fields = {}) {
    const auto snapshot = sample::snapshot_of(sample::file_with({rule}, "allow"));
    if (!snapshot) return "does not load";
    const std::string text = sample::verdict_of(snapshot, request, fields);
    return text.substr(0, text.find(' '));
}

TEST(Rule, ThreatD11ARuleWithoutPortIsForTheSchemesOwnPort) {
    const std::string rule = "{ host: a.example }";
    EXPECT_EQ(verdict(rule, "GET https://a.example/"), "allow");
    EXPECT_EQ(verdict(rule, "GET http://a.example/"), "allow");
    for (const auto* request : {"GET https://a.example:80/", "GET http://a.example:443/", "GET https://a.example:8443/",
                                "GET http://a.example:22/", "GET https://a.example:25/"}) {
        EXPECT_EQ(verdict(rule, request), "denied") << request;
    }
}

TEST(Rule, ThreatD11ARuleWithPortsIsForThoseOnly) {
    const std::string rule = "{ host: a.example, port: [8443, 9443] }";
    EXPECT_EQ(verdict(rule, "GET https://a.example:8443/"), "allow");
    EXPECT_EQ(verdict(rule, "GET http://a.example:9443/"), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/"), "denied");
}

TEST(Rule, ADenyWithoutPortIsForEveryPort) {
    EXPECT_EQ(denial("{ host: a.example, deny: true }", "GET https://a.example:8443/"), "denied_by_rule");
    EXPECT_EQ(denial("{ host: a.example, port: 443, deny: true }", "GET https://a.example:8443/"), "allow");
}

TEST(Rule, MatchesSchemes) {
    EXPECT_EQ(verdict("{ host: a.example, scheme: https }", "GET http://a.example/"), "denied");
    EXPECT_EQ(verdict("{ host: a.example, scheme: http }", "GET https://a.example/"), "denied");
    EXPECT_EQ(verdict("{ host: a.example, scheme: http }", "GET http://a.example/"), "allow");
}

TEST(Rule, ThreatP10MethodsAreExact) {
    const std::string rule = "{ host: a.example, methods: [GET, HEAD] }";
    EXPECT_EQ(verdict(rule, "HEAD https://a.example/"), "allow");
    for (const auto* method : {"POST", "get", "gEt", "GETS", "GE"}) {
        EXPECT_EQ(verdict(rule, std::string(method) + " https://a.example/"), "denied") << method;
    }
}

TEST(Rule, MatchesCanonicalPaths) {
    const std::string rule = "{ host: a.example, paths: [\"/repos/acme/**\", \"/%7euser/*\"] }";
    EXPECT_EQ(verdict(rule, "GET https://a.example/repos/acme/x/y"), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/%72epos/acme/x"), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/~user/x?q"), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/repos/other/x"), "denied");
    EXPECT_EQ(verdict(rule, "GET https://a.example/Repos/acme/x"), "denied");
}

TEST(Rule, ThreatP8AmbiguousPathsAreRefusedByRulesWithPaths) {
    for (const auto* path : {"/repos/acme/../x", "/repos/acme/%2e%2e/x", "/repos/acme/..;/x", "/repos/acme/a%2fb",
                             "/repos/acme/a%5cb", "/repos/acme//x", "/repos/acme/./x", "/repos/acme/a%00",
                             "/repos/acme/%252e%252e/x", "/repos/acme/%c0%ae%c0%ae/x"}) {
        const std::string request = std::string("GET https://a.example") + path;
        EXPECT_EQ(verdict("{ host: a.example, paths: [\"/repos/acme/**\"] }", request), "bad_path") << path;
        EXPECT_EQ(denial("{ host: a.example, paths: [\"/admin/**\"], deny: true }", request), "denied_by_rule") << path;
        EXPECT_EQ(verdict("{ host: a.example }", request), "allow") << path;
    }
}

TEST(Rule, MatchesQueries) {
    const std::string rule = "{ host: a.example, query: { page: \"1*\", sort: \"*\" } }";
    EXPECT_EQ(verdict(rule, "GET https://a.example/?page=12&sort=up"), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/?page=12"), "denied");
    EXPECT_EQ(verdict(rule, "GET https://a.example/?page=12&sort=up&page=2"), "denied");
    EXPECT_EQ(verdict(rule, "GET https://a.example/?page=12&sort=up;x=y"), "denied");
    const std::string deny = "{ host: a.example, query: { admin: \"1\" }, deny: true }";
    EXPECT_EQ(denial(deny, "GET https://a.example/?admin=0"), "allow");
    EXPECT_EQ(denial(deny, "GET https://a.example/?admin=0&admin=1"), "denied_by_rule");
    EXPECT_EQ(denial(deny, "GET https://a.example/?x;y"), "denied_by_rule");
}

TEST(Rule, MatchesHeaders) {
    const std::string rule = "{ host: a.example, headers: { Accept: \"application/*\" } }";
    EXPECT_EQ(verdict(rule, "GET https://a.example/", {{"accept", "application/json"}}), "allow");
    EXPECT_EQ(verdict(rule, "GET https://a.example/"), "denied");
    EXPECT_EQ(verdict(rule, "GET https://a.example/", {{"accept", "application/json"}, {"ACCEPT", "text/html"}}),
              "denied");
    const std::string deny = "{ host: a.example, headers: { accept: \"text/*\" }, deny: true }";
    EXPECT_EQ(denial(deny, "GET https://a.example/", {{"Accept", "application/json"}, {"Accept", "text/html"}}),
              "denied_by_rule");
    EXPECT_EQ(denial(deny, "GET https://a.example/"), "allow");
}

TEST(Rule, ThreatD12ACredentialRuleIsForHttpsOnly) {
    EXPECT_EQ(verdict("{ host: a.example, credential: one }", "GET https://a.example/"), "allow");
    EXPECT_EQ(verdict("{ host: a.example, credential: one }", "GET http://a.example/"), "cleartext_credential");
    EXPECT_EQ(verdict("{ host: a.example, credential: one, port: 8080 }", "GET http://a.example:8080/"),
              "cleartext_credential");
    EXPECT_EQ(verdict("{ host: a.example, credential: one }", "GET http://a.example:8080/"), "denied");
    EXPECT_EQ(
        verdict("{ host: a.example, credential: one, allow_cleartext_credential: true }", "GET http://a.example/"),
        "allow");
    EXPECT_EQ(
        verdict("{ host: a.example, credential: one, allow_cleartext_credential: true }", "GET https://a.example/"),
        "allow");
}

}  // namespace
}  // namespace sallyport::rules
