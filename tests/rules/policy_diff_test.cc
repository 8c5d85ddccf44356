#include "rules/policy_diff.h"

#include <gtest/gtest.h>

#include <regex>

#include <nlohmann/json.hpp>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::vector<PolicyChange> changes(const std::string& before, const std::string& after) {
    const auto first = parse_policy_file(before, "before.yaml").file;
    const auto second = parse_policy_file(after, "after.yaml").file;
    EXPECT_NE(first, nullptr) << sample::first_diagnostic(before);
    EXPECT_NE(second, nullptr) << sample::first_diagnostic(after);
    return first && second ? diff(*first, *second) : std::vector<PolicyChange>();
}

std::string told(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    return to_text(changes(sample::file_with(before), sample::file_with(after)));
}

TEST(PolicyDiff, TellsWhatDiffersAndARequestForIt) {
    EXPECT_EQ(told({"{ name: read, host: a.example, methods: [GET, HEAD], credential: one }"},
                   {"{ name: read, host: a.example, methods: [GET], credential: one }"}),
              "policy p, rule read: methods: GET, HEAD → GET\n"
              "  HEAD https://a.example/\n"
              "    was allowed by read with credential one\n"
              "    is  denied by default\n");
}

TEST(PolicyDiff, NothingIsNoDifference) {
    EXPECT_EQ(told({"{ host: a.example }"}, {"{ host: a.example }"}), "no differences\n");
    EXPECT_TRUE(
        changes(sample::file_with({"{ host: a.example }"}), sample::file_with({"{ host: a.example }"})).empty());
}

TEST(PolicyDiff, FindsTheRequestThatARuleDecidesOtherwise) {
    struct Case {
        std::vector<std::string> before;
        std::vector<std::string> after;
        std::string where;
        std::string request;
        std::string was;
        std::string is;
    };
    const std::vector<Case> cases{
        {{"{ host: a.example }"},
         {"{ host: a.example }", "{ name: no, host: \"*.example\", paths: [\"/admin/**\"], deny: true }"},
         "policy p, rule no",
         "GET https://a.example/admin/x",
         "allowed by rules[0]",
         "denied by no"},
        {{"{ name: r, host: a.example, paths: [\"/**\"] }"},
         {"{ name: r, host: a.example, paths: [\"/v1/**\"] }"},
         "policy p, rule r",
         "GET https://a.example/x",
         "allowed by r",
         "denied by default"},
        {{"{ name: r, host: a.example }"},
         {},
         "policy p, rule r",
         "GET https://a.example/",
         "allowed by r",
         "denied by default"},
        {{"{ name: r, host: a.example }"},
         {"{ name: r, host: a.example, upstream: \"https://b.example\" }"},
         "policy p, rule r",
         "GET https://a.example/",
         "allowed by r",
         "allowed by r, sent to https://b.example"},
        {{"{ name: r, host: a.example }"},
         {"{ name: r, host: a.example, tls: passthrough }"},
         "policy p, rule r",
         "GET https://a.example/",
         "allowed by r",
         "passed through by r"},
        {{"{ name: r, host: a.example }"},
         {"{ name: r, host: a.example, cidr: 10.0.0.0/8 }"},
         "policy p, rule r",
         "GET https://a.example/",
         "allowed by r",
         "allowed by r, inside 10.0.0.0/8"},
        {{"{ name: r, tcp: \"a.example:22\" }"},
         {"{ name: r, tcp: \"a.example:2222\" }"},
         "policy p, rule r",
         "GET https://a.example:2222/",
         "denied by default",
         "passed through by r"},
        {{"{ name: r, host: 192.0.2.1 }"},
         {},
         "policy p, rule r",
         "GET https://192.0.2.1/",
         "allowed by r",
         "denied by default (address_literal)"},
        {{"{ name: r, cidr: 10.0.0.0/8 }"},
         {},
         "policy p, rule r",
         "GET https://10.0.0.0/",
         "allowed by r, inside 10.0.0.0/8",
         "denied by default (address_literal)"},
        {{"{ name: a, host: a.example, methods: [GET] }",
          "{ name: b, host: a.example, paths: [/b], upstream: \"https://b.example\" }"},
         {"{ name: b, host: a.example, paths: [/b], upstream: \"https://b.example\" }",
          "{ name: a, host: a.example, methods: [GET] }"},
         "policy p, rule b",
         "GET https://a.example/b",
         "allowed by a",
         "allowed by b, sent to https://b.example"},
    };
    for (const Case& one : cases) {
        const auto found = changes(
            sample::file_with(one.before.empty() ? std::vector<std::string>{"{ host: z.example }"} : one.before),
            sample::file_with(one.after.empty() ? std::vector<std::string>{"{ host: z.example }"} : one.after));
        const auto change =
            std::find_if(found.begin(), found.end(), [&](const PolicyChange& each) { return each.where == one.where; });
        ASSERT_TRUE(change != found.end()) << to_text(found);
        ASSERT_TRUE(change->example.has_value()) << to_text(found);
        EXPECT_EQ(change->example->method + ' ' + change->example->url, one.request);
        EXPECT_EQ(change->before, one.was);
        EXPECT_EQ(change->after, one.is);
    }
}

TEST(PolicyDiff, WhatHasNoEffectHasNoExample) {
    // It was shadowed, and is.
    const auto found =
        changes(sample::file_with({"{ host: a.example }", "{ name: r, host: a.example, methods: [GET] }"}),
                sample::file_with({"{ host: a.example }", "{ name: r, host: a.example, methods: [PUT] }"}));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].what, "methods: GET → PUT");
    EXPECT_FALSE(found[0].example.has_value());
    EXPECT_EQ(told({"{ name: a, host: a.example }", "{ name: b, host: b.example }"},
                   {"{ name: b, host: b.example }", "{ name: a, host: a.example }"}),
              "policy p, rule b: moved, was 2. of 2, is 1. of 2\n");
}

TEST(PolicyDiff, TheDefaultIsAboutNamesThatNoRuleKnows) {
    EXPECT_EQ(to_text(changes(sample::file_with({"{ host: a.example }"}),
                              sample::file_with({"{ host: a.example }"}, "allow"))),
              "policy p: default: deny → allow\n"
              "  GET https://other.test/\n"
              "    was denied by default\n"
              "    is  allowed by default\n");
}

TEST(PolicyDiff, ComparesEverySectionOfTheFile) {
    const std::string before =
        "version: 1\n"
        "secrets: { a: { env: A }, b: { file: /b } }\n"
        "credentials: { one: { type: bearer, secret: a }, two: { type: bearer, secret: b } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: one } ] }, q: { default: allow }, gone: { default: "
        "deny } }\n"
        "sandboxes: { s: { policy: p, params: { tenant: acme } }, t: { policy: q } }\n";
    const std::string after =
        "version: 1\n"
        "secrets: { a: { file: /a }, c: { env: C } }\n"
        "credentials: { one: { type: header, name: X-Key, value: \"key ${secrets.a}\" }, three: { type: bearer, "
        "secret: c } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: one } ] }, q: { default: allow }, new: { default: "
        "deny } }\n"
        "sandboxes: { s: { policy: q, params: { tenant: other } }, u: { policy: q } }\n"
        "upstream_ca: /etc/ca.pem\n"
        "audit: { file: /var/log/audit }\n";
    // What else of an entry has changed is told by a number, as it may be text that somebody pasted.
    EXPECT_EQ(std::regex_replace(to_text(changes(before, after)), std::regex("#[0-9]+"), "#"),
              "secret a: env: A → not set; file: not set → /a\n"
              "secret b: removed\n"
              "secret c: added\n"
              "credential one: type: bearer → header; place: header Authorization → header X-Key; settings: # → #\n"
              "credential three: added\n"
              "credential two: removed\n"
              "policy gone: removed\n"
              "policy new: added\n"
              "sandbox s: policy: p → q; params: {\"tenant\":\"acme\"} → {\"tenant\":\"other\"}\n"
              "  GET https://other.test/\n"
              "    was denied by default\n"
              "    is  allowed by default\n"
              "sandbox t: removed\n"
              "sandbox u: added\n"
              "file: upstream_ca: \"\" → /etc/ca.pem\n"
              "audit: file: \"\" → /var/log/audit\n");
}

TEST(PolicyDiff, JsonHoldsTheExample) {
    const auto json =
        nlohmann::json::parse(to_json(changes(sample::file_with({"{ name: r, host: a.example, headers: { h: x } }"}),
                                              sample::file_with({"{ host: b.example }"}))));
    ASSERT_EQ(json.size(), 2u);
    EXPECT_EQ(json[1]["where"], "policy p, rule r");
    EXPECT_EQ(json[1]["what"], "removed");
    EXPECT_EQ(json[1]["example"]["headers"][0][0], "h");
    EXPECT_EQ(json[1]["example"]["after"], "denied by default");
}

TEST(PolicyDiff, ShowsNoLiteralTextOfCredentials) {
    const std::string head = "version: 1\nsecrets: { a: { env: A } }\npolicies: { p: { default: deny } }\n";
    const std::string text =
        to_text(changes(head + "credentials: { c: { type: header, name: X, value: \"s3cret ${secrets.a}\" } }\n",
                        head + "credentials: { c: { type: header, name: Y, value: \"other\" } }\n"));
    EXPECT_EQ(text.find("s3cret"), text.npos) << text;
}

}  // namespace
}  // namespace sallyport::rules
