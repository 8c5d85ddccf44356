#include "sandbox/secret_commands.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::HasSubstr;
using std::chrono::milliseconds;
using Arguments = SecretCommands::Arguments;

constexpr milliseconds kLong{60'000};

class SecretCommandsTest : public ::testing::Test {
protected:
    // What it prints, or "!" and why not.
    std::string run(const Arguments& arguments, milliseconds timeout = kLong) {
        SecretCommands commands;
        EXPECT_TRUE(commands.allow({arguments}));
        return run(commands, arguments, timeout);
    }
    static std::string run(SecretCommands& commands, const Arguments& arguments, milliseconds timeout = kLong) {
        const auto socket = commands.start(arguments, timeout);
        if (!socket) return "!" + socket.error().detail;
        const auto value = receive_secret(socket->get(), timeout);
        return value ? std::string(value->reveal()) : "!" + value.error().detail;
    }
    static bool runs(const std::string& process) {
        const std::string stat = content_of(process + "/stat");
        const auto name_end = stat.rfind(") ");
        return name_end != stat.npos && stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X';
    }
    ScratchDir scratch;
};

TEST_F(SecretCommandsTest, GiveWhatACommandPrints) {
    EXPECT_EQ(run({"printf", "%s-%s", "a b", "$HOME;*"}), "a b-$HOME;*");  // no shell
    EXPECT_EQ(run({"/usr/bin/printf", "x"}), "x");
    EXPECT_EQ(run({"true"}), "");
    EXPECT_EQ(run({"head", "-c", "65536", "/dev/zero"}), std::string(65536, '\0'));
}

TEST_F(SecretCommandsTest, FailWhereTheCommandDoes) {
    EXPECT_EQ(run({"sh", "-c", "echo value; exit 3"}), "!exit status 3");
    EXPECT_EQ(run({"sh", "-c", "echo value; kill -TERM $$"}), "!signal 15");
    EXPECT_EQ(run({"no-such-program-here"}), "!no-such-program-here: there is no such program");
    EXPECT_EQ(run({scratch.file("plain", "text")}), "!" + scratch.path() + "/plain: there is no such program");
    EXPECT_EQ(run({"head", "-c", "65537", "/dev/zero"}), "!it prints more than 64 KiB");
    EXPECT_EQ(run({"yes"}), "!it prints more than 64 KiB");
    EXPECT_EQ(run({"sleep", "1000"}, milliseconds(50)), "!it takes too long");
}

TEST_F(SecretCommandsTest, DoNotWaitForWhatACommandLeavesBehind) {
    const std::string pid = scratch.path() + "/pid";
    EXPECT_EQ(run({"sh", "-c", "sleep 1000 & echo $! >" + pid + "; echo value"}), "value\n");
    const std::string process = "/proc/" + std::to_string(std::stoi(content_of(pid)));
    // Killed; whether somebody collects it is not ours.
    while (runs(process)) std::this_thread::yield();
}

TEST_F(SecretCommandsTest, ThreatX6HaveAnEnvironmentOfTheirOwn) {
    setenv("SALLYPORT_COMMANDS_TEST", "mArKeR", 1);
    const std::string seen = run({"env"});
    EXPECT_THAT(seen, HasSubstr("PATH=/"));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), 5) << seen;
    EXPECT_EQ(seen.find("mArKeR"), std::string::npos);
    EXPECT_EQ(run({"sh", "-c", "echo secret >&2; cat; pwd"}), "/\n");  // nothing to read, and its complaints are nobody's
    // Nothing but its three streams; "/proc/self/fd" lists the folder itself.
    EXPECT_EQ(run({"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"}), "0 1 2 3 ");
    unsetenv("SALLYPORT_COMMANDS_TEST");
}

TEST_F(SecretCommandsTest, ThreatX12NothingRunsThatWasNotNamed) {
    SecretCommands commands;
    EXPECT_EQ(run(commands, {"printf", "a"}).substr(0, 26), "!the command was not named");
    ASSERT_OK(commands.allow({{"printf", "a"}, {"printf", "b"}}));
    EXPECT_EQ(run(commands, {"printf", "a"}), "a");
    EXPECT_EQ(run(commands, {"printf", "b"}), "b");
    for (const Arguments& other : {Arguments{"printf", "c"}, Arguments{"printf"}, Arguments{"printf", "a", "b"},
                                   Arguments{"/usr/bin/printf", "a"}, Arguments{"printf a"}, Arguments{}}) {
        EXPECT_EQ(run(commands, other).substr(0, 26), "!the command was not named");
    }
    EXPECT_FALSE(commands.allow({{"printf", "c"}}));
    EXPECT_FALSE(SecretCommands().allow({{}}));
    EXPECT_FALSE(SecretCommands().allow({{""}}));
}

TEST_F(SecretCommandsTest, EndWhenNobodyWaits) {
    SecretCommands commands;
    const Arguments sleeping{"sleep", "1000"};
    ASSERT_OK(commands.allow({sleeping}));
    for (int i = 0; i < 8; ++i) {
        auto socket = commands.start(sleeping, kLong);
        ASSERT_OK(socket);
        const int ended = commands.event_fds().back();
        socket->reset();
        EXPECT_TRUE(wait_readable(ended));
    }
    EXPECT_EQ(run(commands, sleeping), "!too many commands run");
    commands.collect();
    EXPECT_TRUE(commands.event_fds().empty());
    EXPECT_EQ(run(commands, sleeping, milliseconds(20)), "!it takes too long");
}

TEST_F(SecretCommandsTest, GoWithTheLauncher) {
    const std::string pid = scratch.path() + "/pid";
    UniqueFd answers;
    {
        SecretCommands commands;
        const Arguments sleeping{"sh", "-c", "echo $$ >" + pid + ".new; mv " + pid + ".new " + pid + "; exec sleep 1000"};
        ASSERT_OK(commands.allow({sleeping}));
        answers = std::move(*commands.start(sleeping, kLong));
        while (content_of(pid).empty()) std::this_thread::yield();
    }
    EXPECT_EQ(receive_secret(answers.get(), kLong).error().detail, "it has been ended");
}

}  // namespace
}  // namespace sallyport::sandbox
