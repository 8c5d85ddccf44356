#include "rules/handlers_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string file_with_policy(const std::string& policy) {
    return "version: 1\nsecrets: { vcs_token: { env: T } }\npolicies:\n  p: " + policy + "\n";
}

std::shared_ptr<const CompiledPolicy> policy_of(const std::string& policy) {
    const auto parsed = parse_policy_file(file_with_policy(policy), "f");
    return parsed.file ? parsed.file->policies.at("p") : nullptr;
}

TEST(HandlersReader, ReadsAScript) {
    const auto policy = policy_of(
        "{ script: handlers/vcs.js, env: { SECRET: vcs_token, _b2: vcs_token }, handler_limits: { deadline: 500ms, "
        "memory: 64MiB, concurrency: 4 } }");
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->script_file, "handlers/vcs.js");
    EXPECT_EQ(policy->handler_socket, "");
    EXPECT_EQ(policy->handler_env.at("SECRET"), "vcs_token");
    EXPECT_EQ(policy->handler_env.size(), 2u);
    EXPECT_EQ(policy->handler_limits.deadline.count(), 500);
    EXPECT_EQ(policy->handler_limits.memory_mib, 64u);
    EXPECT_EQ(policy->handler_limits.concurrency, 4u);
}

TEST(HandlersReader, ReadsAServicesSocket) {
    const auto policy = policy_of("{ handler_socket: /run/my-handlers.sock, env: { A: vcs_token } }");
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->handler_socket, "/run/my-handlers.sock");
    EXPECT_EQ(policy->handler_limits.deadline.count(), 10'000);
    EXPECT_EQ(policy->handler_limits.memory_mib, 128u);
}

TEST(HandlersReader, MemoryIsRoundedUp) {
    EXPECT_EQ(policy_of("{ script: a.js, handler_limits: { memory: 128MB } }")->handler_limits.memory_mib, 123u);
    EXPECT_EQ(policy_of("{ script: a.js, handler_limits: { memory: 128MiB } }")->handler_limits.memory_mib, 128u);
}

TEST(HandlersReader, RefusesWhatMakesNoSense) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ script: [a.js] }", "16: error: \"script\" must be a string"},
        {"{ script: a.js, handler_socket: /run/x }", "38: error: a policy has either \"script\" or \"handler_socket\""},
        {"{ handler_socket: run/x }", "24: error: \"handler_socket\" must be an absolute path of 107 bytes at most"},
        {"{ handler_socket: /" + std::string(107, 'x') + " }",
         "24: error: \"handler_socket\" must be an absolute path of 107 bytes at most"},
        {"{ env: { A: vcs_token } }", "13: error: \"env\" needs \"script\" or \"handler_socket\""},
        {"{ handler_limits: { deadline: 1s } }",
         "24: error: \"handler_limits\" needs \"script\" or \"handler_socket\""},
        {"{ script: a.js, env: {} }", "27: error: \"env\" is empty"},
        {"{ script: a.js, env: { A: vcs_tokn } }",
         "32: error: secret \"vcs_tokn\" is not defined, did you mean \"vcs_token\"?"},
        {"{ script: a.js, env: { 1A: vcs_token } }", "29: error: \"1A\" is not the name of a variable"},
        {"{ script: a.js, env: { A-B: vcs_token } }", "29: error: \"A-B\" is not the name of a variable"},
        {"{ script: a.js, env: { A: [vcs_token] } }", "32: error: \"A\" must be a string"},
        {"{ script: a.js, handler_limits: { deadline: 10 } }",
         "50: error: \"deadline\" must be a time (ms, s, m, h), such as 10s"},
        {"{ script: a.js, handler_limits: { deadline: 9ms } }", "50: error: \"deadline\" must be from 10ms to 10m"},
        {"{ script: a.js, handler_limits: { deadline: 11m } }", "50: error: \"deadline\" must be from 10ms to 10m"},
        {"{ script: a.js, handler_limits: { memory: 16MB } }", "48: error: \"memory\" must be from 32MiB to 4GiB"},
        {"{ script: a.js, handler_limits: { memory: 1TB } }",
         "48: error: \"memory\" must be a size (B, KB, MB, GB, KiB, MiB, GiB), such as 100MB"},
        {"{ script: a.js, handler_limits: { concurrency: 0 } }",
         "53: error: \"concurrency\" must be a number from 1 to 1024"},
        {"{ script: a.js, handler_limits: { timeout: 1s } }", "40: error: unknown key \"timeout\""},
    };
    for (const auto& [policy, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(file_with_policy(policy)), "f.yaml:4:" + expected);
    }
}

TEST(HandlersReader, ASecretOfTheEnvironmentIsUsed) {
    const auto used = sample::all_diagnostics(file_with_policy("{ script: a.js, env: { A: vcs_token } }"));
    EXPECT_TRUE(used.empty()) << used[0];
}

TEST(HandlersReader, ARulesHandlerNeedsSomethingThatRunsIt) {
    const std::string rules = "rules: [ { host: a.example }, { host: b.example, handler: vcs } ]";
    EXPECT_EQ(sample::first_diagnostic(file_with_policy("{ " + rules + " }")),
              "f.yaml:4:66: error: \"handler\" needs the policy's \"script\" or \"handler_socket\"");
    EXPECT_EQ(sample::first_diagnostic(file_with_policy("{ script: a.js, " + rules + " }")), "");
    EXPECT_EQ(sample::first_diagnostic(file_with_policy("{ handler_socket: /run/a, " + rules + " }")), "");
}

}  // namespace
}  // namespace sallyport::rules
