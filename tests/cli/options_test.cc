#include "cli/options.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

Options parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "sallyport");
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    Options options = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
    testing::internal::GetCapturedStderr();
    testing::internal::GetCapturedStdout();
    return options;
}

TEST(Options, RunTakesACommandWithItsOwnOptions) {
    const auto run = std::get<RunOptions>(parse({"run", "--policy", "a.yaml#agent", "--as", "box", "--bind", "/x", "--bind",
                                                 "/y:/z:rw", "--env", "A=b", "--", "ls", "-l", "--policy", "q"}));
    EXPECT_EQ(run.gate.config_file, "a.yaml");
    EXPECT_EQ(run.policy, "agent");
    EXPECT_EQ(run.name, "box");
    EXPECT_EQ(run.binds, (std::vector<std::string>{"/x", "/y:/z:rw"}));
    EXPECT_EQ(run.environment, std::vector<std::string>{"A=b"});
    EXPECT_EQ(run.argv, (std::vector<std::string>{"ls", "-l", "--policy", "q"}));
}

TEST(Options, AttachTakesOneNamespace) {
    EXPECT_EQ(std::get<AttachOptions>(parse({"attach", "--pid", "12", "--policy", "a"})).netns_path, "/proc/12/ns/net");
    EXPECT_EQ(std::get<AttachOptions>(parse({"attach", "--netns", "/n", "--policy", "a"})).netns_path, "/n");
    EXPECT_EQ(std::get<Finished>(parse({"attach", "--policy", "a"})).exit_code, 2);
    EXPECT_EQ(std::get<Finished>(parse({"attach", "--pid", "12", "--netns", "/n", "--policy", "a"})).exit_code, 2);
}

TEST(Options, ServeHasAWorkerPerCore) {
    const auto serve = std::get<ServeOptions>(parse({"serve", "a.yaml"}));
    EXPECT_EQ(serve.gate.config_file, "a.yaml");
    EXPECT_GE(serve.gate.workers, 1u);
    EXPECT_EQ(serve.runtime_dir, "/run/sallyport");
    EXPECT_EQ(serve.state_dir, "/var/lib/sallyport");
    EXPECT_TRUE(serve.gate.serves_every_entry);
    EXPECT_EQ(std::get<ServeOptions>(parse({"serve", "a.yaml", "--state-dir", "none"})).state_dir, "none");
}

TEST(Options, ExplainTakesAFileAndAMethodWhereTheyAreGiven) {
    const auto asks = [](std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "explain");
        return std::get<ExplainOptions>(parse(std::move(arguments)));
    };
    EXPECT_EQ(asks({"https://a.example/"}).config_file, "");
    EXPECT_EQ(asks({"https://a.example/"}).method, "GET");
    EXPECT_EQ(asks({"POST", "https://a.example/"}).method, "POST");
    EXPECT_EQ(asks({"p.yaml", "https://a.example/"}).config_file, "p.yaml");
    EXPECT_EQ(asks({"p.yaml", "get", "https://a.example/"}).config_file, "p.yaml");
    EXPECT_EQ(asks({"p.yaml", "get", "https://a.example/"}).method, "get");
    const auto all = asks({"p.yaml", "PUT", "https://a.example/x", "--sandbox", "box", "-H", "A: b", "-H", "C: d", "--json",
                           "--assume-secrets", "--socket", "/s"});
    EXPECT_EQ(all.config_file, "p.yaml");
    EXPECT_EQ(all.method, "PUT");
    EXPECT_EQ(all.url, "https://a.example/x");
    EXPECT_EQ(all.sandbox, "box");
    EXPECT_EQ(all.headers, (std::vector<std::string>{"A: b", "C: d"}));
    EXPECT_TRUE(all.as_json && all.assume_secrets);
    EXPECT_EQ(all.socket, "/s");
}

TEST(Options, CallsOfTheAdminApiAreRequests) {
    const struct {
        std::vector<const char*> arguments;
        std::string method, target;
    } kCases[] = {
        {{"policy", "list"}, "GET", "/v1/policies"},
        {{"policy", "get", "p"}, "GET", "/v1/policies/p"},
        {{"policy", "put", "p", "f"}, "PUT", "/v1/policies/p"},
        {{"policy", "delete", "p", "--if-match", "7"}, "DELETE", "/v1/policies/p"},
        {{"secrets", "list"}, "GET", "/v1/secrets"},
        {{"secrets", "refresh", "s"}, "POST", "/v1/secrets/s/refresh"},
        {{"egress", "get", "box"}, "GET", "/v1/sandbox/box/egress"},
        {{"egress", "put", "box", "-"}, "PUT", "/v1/sandbox/box/egress"},
        {{"egress", "delete", "box"}, "DELETE", "/v1/sandbox/box/egress"},
        {{"proxy", "credential", "box"}, "POST", "/v1/sandbox/box/proxy_credential"},
        {{"proxy", "revoke", "box"}, "DELETE", "/v1/sandbox/box/proxy_credential"},
        {{"connections", "list"}, "GET", "/v1/connections"},
        {{"connections", "close", "c1"}, "DELETE", "/v1/connections/c1"},
        // A name cannot become another call.
        {{"policy", "get", "a/b?c d\r\n"}, "GET", "/v1/policies/a%2Fb%3Fc%20d%0D%0A"},
    };
    for (const auto& [arguments, method, target] : kCases) {
        const auto call = std::get<CallOptions>(parse(arguments));
        EXPECT_EQ(call.method, method) << target;
        EXPECT_EQ(call.target, target);
        EXPECT_EQ(call.socket, kDefaultAdminSocket);
    }
    EXPECT_EQ(std::get<CallOptions>(parse({"policy", "put", "p", "f"})).body_file, "f");
    EXPECT_EQ(std::get<CallOptions>(parse({"policy", "delete", "p", "--if-match", "7"})).if_match, "7");
}

TEST(Options, ALocalFileOfValuesIsNotTheDaemons) {
    const auto set = std::get<SecretStoreOptions>(parse({"secrets", "set", "a", "--store", "s", "--key-file", "k"}));
    EXPECT_TRUE(set.act == SecretStoreOptions::Act::set);
    EXPECT_EQ(set.name + set.store_file + set.key_file, "ask");
    const auto removed = std::get<SecretStoreOptions>(parse({"secrets", "remove", "a", "--store", "s", "--passphrase-file", "p"}));
    EXPECT_TRUE(removed.act == SecretStoreOptions::Act::remove);
    EXPECT_EQ(removed.passphrase_file, "p");
    EXPECT_TRUE(std::get<SecretStoreOptions>(parse({"secrets", "list", "--store", "s", "--key-file", "k"})).act ==
                SecretStoreOptions::Act::list);
    EXPECT_TRUE(std::holds_alternative<CallOptions>(parse({"secrets", "list"})));
}

TEST(Options, QuestionsAboutFilesHaveTheirOwn) {
    const auto diff = std::get<PolicyDiffOptions>(parse({"policy", "diff", "a", "b", "--json"}));
    EXPECT_EQ(diff.before_file + diff.after_file, "ab");
    EXPECT_TRUE(diff.as_json);
    const auto prove = std::get<PolicyProveOptions>(parse({"policy", "prove", "f", "--credential", "c", "--never-outside", "a.example/**",
                                                           "--never-outside", "b.example"}));
    EXPECT_EQ(prove.never_outside, (std::vector<std::string>{"a.example/**", "b.example"}));
    const auto replay = std::get<PolicyReplayOptions>(parse({"policy", "replay", "log", "--policy", "f", "--all"}));
    EXPECT_EQ(replay.log_file, "log");
    EXPECT_TRUE(replay.all);
    const auto verify = std::get<AuditVerifyOptions>(parse({"audit", "verify", "l.1", "l", "--expect-hash", "ab"}));
    EXPECT_EQ(verify.files, (std::vector<std::string>{"l.1", "l"}));
    EXPECT_EQ(verify.expected_hash, "ab");
    EXPECT_EQ(std::get<TailOptions>(parse({"tail", "--sandbox", "box", "--type", "policy"})).type, "policy");
    EXPECT_EQ(std::get<TopOptions>(parse({"top", "-n", "3", "--interval", "0.5"})).count, 3u);
}

TEST(Options, MistakesEndWithTwoAndHelpWithZero) {
    for (const auto& mistake : std::vector<std::vector<const char*>>{
             {}, {"fly"}, {"run"}, {"run", "--polcy", "x", "--", "ls"}, {"serve"}, {"run", "--deadline-scale", "0", "--", "ls"},
             {"explain"}, {"explain", "a", "b", "c", "d"}, {"policy"}, {"policy", "fly"}, {"policy", "get"}, {"policy", "put", "p"},
             {"policy", "prove", "f"}, {"audit", "verify"}, {"top", "--interval", "0"}}) {
        EXPECT_EQ(std::get<Finished>(parse(mistake)).exit_code, 2);
    }
    EXPECT_EQ(std::get<Finished>(parse({"--help"})).exit_code, 0);
    EXPECT_EQ(std::get<Finished>(parse({"--version"})).exit_code, 0);
}

}  // namespace
}  // namespace sallyport::cli
