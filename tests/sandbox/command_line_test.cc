#include "sandbox/command_line.h"

#include <algorithm>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

CommandSpec a_command(const ScratchDir& directory) {
    CommandSpec spec;
    spec.name = "box";
    spec.argv = {"ls", "-l"};
    spec.environment = {"A=1", "B=x=y"};
    spec.working_directory = directory.path();
    return spec;
}

bool follows(const std::vector<std::string>& all, const std::vector<std::string>& wanted) {
    return std::search(all.begin(), all.end(), wanted.begin(), wanted.end()) != all.end();
}

TEST(CommandLine, DropsEverythingAndSetsTheEnvironment) {
    const ScratchDir directory;
    const auto line = command_line(a_command(directory), {});
    ASSERT_OK(line);
    for (const char* option : {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv"}) {
        EXPECT_THAT(line->options, Contains(option));
    }
    EXPECT_TRUE(follows(line->options, {"--cap-drop", "ALL"}));
    EXPECT_TRUE(follows(line->options, {"--setenv", "A", "1", "--setenv", "B", "x=y"}));
    EXPECT_TRUE(follows(line->options, {"--chdir", directory.path()}));
    EXPECT_TRUE(follows(line->options, {"--seccomp", std::to_string(line->fds.back().get())}));
    EXPECT_THAT(line->command, ElementsAre("/usr/bin/env", "--default-signal=INT", "--default-signal=QUIT", "--", "ls", "-l"));
}

TEST(CommandLine, ReplacesCertificatesOnlyWhereThereAreSome) {
    const ScratchDir directory;
    CommandSpec spec = a_command(directory);
    EXPECT_THAT(command_line(spec, {})->options, Not(Contains("/run/sallyport/ca.pem")));
    spec.trust_bundle_pem = "bundle";
    spec.ca_pem = "ca";
    const auto line = command_line(spec, {});
    ASSERT_OK(line);
    for (const char* path : {"/run/sallyport/ca.pem", "/run/sallyport/ca-bundle.pem"}) {
        EXPECT_THAT(line->options, Contains(path));
    }
}

TEST(CommandLine, RefusesWhatCannotBeSaid) {
    const ScratchDir directory;
    const auto refused = [&directory](auto change) {
        CommandSpec spec = a_command(directory);
        change(spec);
        const auto line = command_line(spec, {});
        return !line && line.error().code == ErrorCode::config_invalid;
    };
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.argv.clear(); }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.argv = {"A=1"}; }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.argv = {std::string("a\0b", 3)}; }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.environment = {"NOVALUE"}; }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.environment = {"=x"}; }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.environment = {std::string("A=1\0--bind", 10)}; }));
    EXPECT_TRUE(refused([](CommandSpec& spec) { spec.working_directory = "/"; }));
}

}  // namespace
}  // namespace sallyport::sandbox
