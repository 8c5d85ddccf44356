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
}

TEST(Options, MistakesEndWithTwoAndHelpWithZero) {
    for (const auto& mistake : std::vector<std::vector<const char*>>{
             {}, {"fly"}, {"run"}, {"run", "--polcy", "x", "--", "ls"}, {"serve"}, {"run", "--deadline-scale", "0", "--", "ls"}}) {
        EXPECT_EQ(std::get<Finished>(parse(mistake)).exit_code, 2);
    }
    EXPECT_EQ(std::get<Finished>(parse({"--help"})).exit_code, 0);
    EXPECT_EQ(std::get<Finished>(parse({"--version"})).exit_code, 0);
}

}  // namespace
}  // namespace sallyport::cli
