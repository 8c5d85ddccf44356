#include "rules/policy_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(PolicyReader, ReadsPolicies) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ default: deny }", ""},
        {"{ default: allow }", ""},
        {"{ rules: [ { host: a.example } ] }", ""},
        {"{ rules: [] }", "15: error: \"rules\" is an empty list"},
        {"{ rules: { host: a } }", "15: error: \"rules\" must be a list"},
        {"{}", "6: error: policy \"p\" is empty"},
        {"", "3: error: policy \"p\" must be a mapping"},
        {"{ default: dney }", "17: error: \"default\" must be deny or allow, not \"dney\", did you mean \"deny\"?"},
        {"{ default: no }", "17: error: \"default\" must be deny or allow, not \"no\""},
        {"{ defualt: deny }", "8: error: unknown key \"defualt\", did you mean \"default\"?"},
        {"{ limit: { requests: 60/m } }", ""},
        {"{ blocked: { status: 451 } }", ""},
        {"{ limits: { requests: 60/m } }", "8: error: unknown key \"limits\", did you mean \"limit\"?"},
        {"{ scrub: true }", "8: error: \"scrub\" is not supported by this version"},
    };
    for (const auto& [policy, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic("version: 1\npolicies:\n  p: " + policy + "\n"),
                  expected.empty() ? "" : "f.yaml:3:" + expected)
            << policy;
    }
}

TEST(PolicyReader, HoldsEachUsedCredentialOnce) {
    const auto parsed = parse_policy_file(
        sample::file_with({"{ host: a.example, credential: two }", "{ host: b.example, credential: one }",
                           "{ host: c.example, credential: two }"}),
        "f.yaml");
    ASSERT_TRUE(parsed.file);
    const CompiledPolicy& policy = *parsed.file->policies.at("p");
    ASSERT_EQ(policy.credentials.size(), 2u);
    EXPECT_EQ(policy.credentials[0].name, "two");
    EXPECT_EQ(policy.rules[0].credential, 0);
    EXPECT_EQ(policy.rules[1].credential, 1);
    EXPECT_EQ(policy.rules[2].credential, 0);
    EXPECT_EQ(policy.rules[2].label, "rules[2]");
}

std::shared_ptr<const CompiledPolicy> policy_of(const std::vector<std::string>& rules) {
    const auto parsed = parse_policy_file(sample::file_with(rules), "f.yaml");
    return parsed.file ? parsed.file->policies.at("p") : nullptr;
}

TEST(PolicyReader, KnowsWhereThePolicyCameFromAndWhatItSaid) {
    const auto policy = policy_of({"{ host: a.example, port: 443, methods: [\"GET\"], deny: false, name: \"7\" }"});
    EXPECT_EQ(policy->source_name, "f.yaml");
    EXPECT_EQ(
        policy->source_json,
        R"({"default":"deny","rules":[{"host":"a.example","port":443,"methods":["GET"],"deny":false,"name":"7"}]})");
}

TEST(PolicyReader, ALimitsKeyStaysWithItsRule) {
    const auto before = policy_of(
        {"{ host: a.example, limit: { requests: 1/s } }", "{ name: n, host: b.example, limit: { requests: 1/s } }"});
    const auto after =
        policy_of({"{ host: new.example, limit: { requests: 1/s } }", "{ host: a.example, limit: { requests: 1/s } }",
                   "{ name: n, host: c.example, limit: { requests: 9/s } }"});
    EXPECT_EQ(before->rules[0].limit_key, after->rules[1].limit_key);
    EXPECT_NE(before->rules[0].limit_key, after->rules[0].limit_key);
    EXPECT_EQ(before->rules[1].limit_key, "p/n");
    EXPECT_EQ(after->rules[2].limit_key, "p/n");
    EXPECT_EQ(policy_of({"{ host: a.example }"})->rules[0].limit_key, "");
}

TEST(PolicyReader, TwoRulesOfOneNameCountApart) {
    const auto policy = policy_of({"{ name: n, host: a.example, limit: { requests: 1/s } }",
                                   "{ name: n, host: b.example, limit: { requests: 1/s } }"});
    EXPECT_EQ(policy->rules[0].limit_key, "p/n");
    EXPECT_EQ(policy->rules[1].limit_key, "p/n#1");
    EXPECT_EQ(
        sample::first_diagnostic(sample::file_with({"{ name: n, host: a.example }", "{ name: n, host: b.example }"})),
        "f.yaml:10:17: warning: the rule in line 9 has the name \"n\" too");
}

TEST(PolicyReader, ReadsOnePolicyAgainstAFile) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example, credential: one }"}), "f.yaml").file;
    ASSERT_TRUE(file);
    const auto good = parse_policy(R"({"rules": [{"host": "b.example", "credential": "two"}]})", "q", "PUT q", *file);
    ASSERT_TRUE(good.policy);
    EXPECT_TRUE(good.diagnostics.empty());
    EXPECT_EQ(good.policy->name, "q");
    EXPECT_EQ(good.policy->credentials[0].name, "two");
    const std::pair<std::string, std::string> cases[] = {
        {R"({"rules": [{"host": "b.example", "credential": "tow"}]})",
         "PUT q:1:48: error: credential \"tow\" is not defined, did you mean \"two\"?"},
        {R"({"env": {"A": "nope"}, "script": "x.js"})", "PUT q:1:15: error: secret \"nope\" is not defined"},
        {"", "PUT q: error: the file is empty"},
        {"[]", "PUT q:1:1: error: policy \"q\" must be a mapping"},
    };
    for (const auto& [text, expected] : cases) {
        const auto bad = parse_policy(text, "q", "PUT q", *file);
        EXPECT_FALSE(bad.policy) << text;
        ASSERT_FALSE(bad.diagnostics.empty()) << text;
        EXPECT_EQ(to_string(bad.diagnostics[0]), expected);
    }
    EXPECT_FALSE(parse_policy("{default: deny}", "a b", "PUT", *file).policy);
}

TEST(PolicyReader, ReadsARuntimeList) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example, credential: one }"}), "f.yaml").file;
    ASSERT_TRUE(file);
    const auto good = parse_runtime_rules(
        R"([{"host": "b.example", "credential": "one"}, {"name": "n", "host": "c.example", "limit": {"requests": "1/s"}}])",
        "rules", *file);
    ASSERT_TRUE(good.rules);
    EXPECT_EQ(good.rules->rules[0].label, "runtime[0]");
    EXPECT_EQ(good.rules->rules[1].label, "n");
    EXPECT_EQ(good.rules->rules[1].limit_key, "runtime/n");
    EXPECT_EQ(good.rules->credentials.size(), 1u);
    EXPECT_FALSE(good.rules->default_allow);
    const std::pair<std::string, std::string> cases[] = {
        {"[]", "rules:1:1: error: \"rules\" is an empty list"},
        {"{}", "rules:1:1: error: \"rules\" must be a list"},
        {R"([{"host": "b.example", "credential": "x"}])", "rules:1:38: error: credential \"x\" is not defined"},
        {R"([{"host": "*.com", "credential": "one"}])",
         "rules:1:11: error: a credential for \"*.com\" would go to anyone with a name under \"com\", a public suffix"},
        {R"([{"default": "allow"}])", "rules:1:3: error: unknown key \"default\""},
    };
    for (const auto& [text, expected] : cases) {
        const auto bad = parse_runtime_rules(text, "rules", *file);
        EXPECT_FALSE(bad.rules) << text;
        ASSERT_FALSE(bad.diagnostics.empty()) << text;
        EXPECT_EQ(to_string(bad.diagnostics[0]), expected);
    }
}

TEST(PolicyReader, AVariableHoldsOnePlaceholder) {
    const auto text = [](const std::string& variable) {
        return "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN } }\n"
               "credentials: { a: { type: placeholder, secret: token, env: KEY, in: [\"header:x-a\"] }, "
               "b: { type: placeholder, secret: token, env: " + variable + ", in: [\"header:x-a\"] } }\n"
               "policies: { p: { rules: [ { host: a.example, credential: a }, { host: b.example, credential: b } ] } }\n";
    };
    EXPECT_EQ(sample::first_error(text("KEY")),
              "f.yaml:4:63: error: the credentials \"a\" and \"b\" have the same \"env\", and a policy uses both");
    EXPECT_EQ(sample::first_error(text("OTHER")), "");
}

}  // namespace
}  // namespace sallyport::rules
