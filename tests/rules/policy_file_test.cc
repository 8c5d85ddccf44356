#include "rules/policy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(PolicyFile, DiagnosticsNamePlaceAndRemedy) {
    EXPECT_EQ(to_string({Severity::error, "agent.yaml", 12, 5, "unknown key \"hosts\", did you mean \"host\"?"}),
              "agent.yaml:12:5: error: unknown key \"hosts\", did you mean \"host\"?");
    EXPECT_EQ(to_string({Severity::warning, "a.yaml", 0, 0, "text"}), "a.yaml: warning: text");
}

TEST(PolicyFile, LoadsEverythingThatThisVersionHas) {
    const ParsedFile parsed = parse_policy_file(R"(version: 1
secrets:
  vcs_token: { env: VCS_TOKEN }
  github_pat: { file: /run/secrets/github_pat }
  tenant_pat: { file: "/run/secrets/${params.tenant}/pat" }
credentials:
  vcs: { type: header, name: X-Auth-Token, value: "${secrets.vcs_token}" }
  github: { type: bearer, secret: github_pat }
  git_https: { type: basic, username: x-access-token, password: "${secrets.tenant_pat}" }
policies:
  coding-agent:
    default: deny
    rules:
      - { name: read-acme, host: api.github.com, methods: [GET, HEAD], paths: ["/repos/acme/**"], credential: github }
      - { host: "*.npmjs.org" }
      - { host: "**.evil.example", deny: true }
      - { host: legacy.internal, port: 8080, scheme: http, credential: vcs, allow_cleartext_credential: true }
      - { host: [github.com, gitlab.com], port: [443, 8443], credential: git_https }
      - { cidr: 10.20.0.0/16, host: "*.svc.internal" }
      - { cidr: [10.30.0.0/16, "fd00::/8"] }
      - { host: api.example, query: { page: "*" }, headers: { accept: "application/*" } }
sandboxes:
  agent-47: { policy: coding-agent, params: { tenant: acme, shard: 7 } }
upstream_ca: [/etc/ca/one.pem, /etc/ca/two.pem]
)",
                                                "agent.yaml");
    std::string all;
    for (const auto& diagnostic : parsed.diagnostics) all += to_string(diagnostic) + '\n';
    ASSERT_TRUE(parsed.file) << all;
    EXPECT_EQ(all, "");
    EXPECT_EQ(parsed.file->secrets.size(), 3u);
    EXPECT_TRUE(parsed.file->policies.contains("coding-agent"));
    const SandboxEntry& sandbox = parsed.file->sandboxes.at("agent-47");
    EXPECT_EQ(sandbox.policy, "coding-agent");
    EXPECT_EQ(sandbox.params, (secrets::Params{{"tenant", "acme"}, {"shard", "7"}}));
    EXPECT_THAT(parsed.file->upstream_ca_files, testing::ElementsAre("/etc/ca/one.pem", "/etc/ca/two.pem"));
}

TEST(PolicyFile, LoadsJsonAsItLoadsYaml) {
    const auto parsed = parse_policy_file(
        R"({"version": 1, "policies": {"p": {"rules": [{"host": "a.example", "port": 443, "deny": false}]}}})",
        "a.json");
    ASSERT_TRUE(parsed.file);
    EXPECT_TRUE(parsed.diagnostics.empty());
}

struct Case {
    std::string text;
    std::string diagnostic;
};

TEST(PolicyFile, SaysWhatIsWrongAndWhere) {
    const Case cases[] = {
        {"", "f.yaml: error: the file is empty"},
        {"# nothing\n", "f.yaml: error: the file is empty"},
        {"[1]\n", "f.yaml:1:1: error: the file must be a mapping"},
        {"policies: {}\n", "f.yaml:1:1: error: the file has no \"version\""},
        {"version: 2\n", "f.yaml:1:10: error: \"version\" must be 1"},
        {"version: \"1\"\n", "f.yaml:1:10: error: \"version\" must be 1"},
        {"version: 1\npolices: {}\n", "f.yaml:2:1: error: unknown key \"polices\", did you mean \"policies\"?"},
        {"version: 1\nversion: 1\n", "f.yaml:2:1: error: duplicate key \"version\""},
        {"version: 1\npolicies:\n", "f.yaml:2:1: error: \"policies\" must be a mapping"},
        {"version: 1\npolicies: {}\n", "f.yaml:2:11: error: \"policies\" is empty"},
        {"version: 1\nsecrets: [a]\n", "f.yaml:2:10: error: \"secrets\" must be a mapping"},
        {"version: 1\npolicies:\n  p:\n    rules:\n      - { hosts: a.example }\n",
         "f.yaml:5:11: error: unknown key \"hosts\", did you mean \"host\"?"},
        {"version: 1\npolicies:\n  p:\n    rules:\n      - host: a.example\n        pathes: [/]\n",
         "f.yaml:6:9: error: unknown key \"pathes\", did you mean \"paths\"?"},
        {"version: 1\nsandboxes: { s: { policy: agnet } }\npolicies: { agent: { default: deny } }\n",
         "f.yaml:2:27: error: policy \"agnet\" is not defined, did you mean \"agent\"?"},
        {"version: 1\nupstream_ca: []\n", "f.yaml:2:14: error: \"upstream_ca\" is an empty list"},
        {"version: 1\nhandlers: {}\n", "f.yaml:2:1: error: unknown key \"handlers\""},
        {"a: [1\n", "f.yaml:2:1: error: not valid YAML: end of sequence flow not found"},
    };
    for (const Case& each : cases) EXPECT_EQ(sample::first_diagnostic(each.text), each.diagnostic) << each.text;
}

TEST(PolicyFile, ThreatP22AFileWithOneErrorIsNotLoadedAtAll) {
    const auto parsed =
        parse_policy_file(sample::file_with({"{ host: a.example }", "{ host: b.example, dney: true }"}), "f");
    EXPECT_EQ(parsed.file, nullptr);
    EXPECT_FALSE(parsed.diagnostics.empty());
}

TEST(PolicyFile, ThreatP22AWarningDoesNotStopAFile) {
    const auto parsed = parse_policy_file(sample::file_with({"{ host: a.example }", "{ host: a.example }"}), "f");
    EXPECT_NE(parsed.file, nullptr);
    EXPECT_FALSE(parsed.diagnostics.empty());
}

TEST(PolicyFile, ShowsAllFaultsOfAFileInOrder) {
    const auto messages =
        sample::all_diagnostics(sample::file_with({"{ host: \"a b\" }", "{ host: x, deny: no }", "{ hots: x }"}));
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_THAT(messages[0], testing::StartsWith("f.yaml:9:"));
    EXPECT_THAT(messages[1], testing::StartsWith("f.yaml:10:"));
    EXPECT_THAT(messages[2], testing::StartsWith("f.yaml:11:"));
}

TEST(PolicyFile, ManyRulesLoadInReasonableWork) {
    std::vector<std::string> rules;
    for (int i = 0; i < 10'000; ++i) rules.push_back("{ host: same.example, paths: [\"/" + std::to_string(i) + "\"] }");
    EXPECT_NE(parse_policy_file(sample::file_with(rules), "f").file, nullptr);
    rules.push_back("{ host: one-more.example }");
    EXPECT_EQ(sample::first_diagnostic(sample::file_with(rules)),
              "f.yaml:9:7: error: a policy has 10000 rules at most");
}

}  // namespace
}  // namespace sallyport::rules
