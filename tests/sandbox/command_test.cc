#include "sandbox/command.h"

#include <signal.h>

#include "sandbox/namespace.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

class CommandTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_ROOT();
        auto parts = make_namespace();
        ASSERT_OK(parts);
        netns_ = std::move(parts->kept.netns);
    }

    Result<RunningCommand> start(const std::vector<std::string>& argv) {
        CommandSpec spec;
        spec.name = "box";
        spec.argv = argv;
        spec.environment = {"PATH=/usr/bin:/bin"};
        spec.working_directory = directory_.path();
        const auto line = command_line(spec, {});
        if (!line) return failure(line.error());
        return RunningCommand::start(netns_.get(), *line);
    }

    int code_of(const std::vector<std::string>& argv) {
        auto command = start(argv);
        if (!command) return -1;
        EXPECT_TRUE(wait_readable(command->event_fd()));
        return command->wait().code;
    }

    ScratchDir directory_;
    UniqueFd netns_;
};

TEST_F(CommandTest, SaysHowItEndedAsAShellDoes) {
    EXPECT_EQ(code_of({"true"}), 0);
    EXPECT_EQ(code_of({"bash", "-c", "exit 7"}), 7);
    EXPECT_EQ(code_of({"bash", "-c", "kill -9 $$"}), 137);
    EXPECT_EQ(code_of({"bash", "-c", "kill -TERM $$"}), 143);
    EXPECT_EQ(code_of({"no-such-command"}), 127);
    EXPECT_EQ(code_of({"/etc/passwd"}), 126);
}

TEST_F(CommandTest, IsSignalledItselfAtAnyTime) {
    auto command = start({"sleep", "1000"});
    ASSERT_OK(command);
    ASSERT_OK(command->signal(SIGTERM));  // perhaps before bubblewrap has mounted anything
    ASSERT_TRUE(wait_readable(command->event_fd()));
    EXPECT_EQ(command->wait().code, 143);
    EXPECT_FALSE(command->signal(SIGTERM).has_value());
}

TEST_F(CommandTest, GetsInterruptsAsUsual) {
    auto command = start({"sleep", "1000"});
    ASSERT_OK(command);
    // A signal before env has run would still be ignored: as a terminal's would.
    for (int turn = 0; turn < 1000; ++turn) {
        ASSERT_OK(command->signal(SIGINT));
        pollfd ended{command->event_fd(), POLLIN, 0};
        if (::poll(&ended, 1, 10) > 0) break;
    }
    EXPECT_EQ(command->wait().code, 130);
}

TEST_F(CommandTest, TakesItsChildrenAlong) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd saved(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[1]);
    auto command = start({"bash", "-c", "setsid sleep 1000 & exit 3"});
    ::dup2(saved.get(), STDOUT_FILENO);
    ASSERT_OK(command);
    EXPECT_EQ(command->wait().code, 3);
    char byte = 0;
    EXPECT_TRUE(wait_readable(reader.get()));
    EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "nobody holds the output any more";
}

TEST_F(CommandTest, EndsWhenKilled) {
    auto command = start({"sleep", "1000"});
    ASSERT_OK(command);
    command->kill();
    ASSERT_TRUE(wait_readable(command->event_fd()));
    EXPECT_EQ(command->wait().code, 137);
}

TEST_F(CommandTest, SaysThatTheSandboxCouldNotBeSetUp) {
    CommandLine line;
    line.options = {"--ro-bind", "/", "/", "--ro-bind", "/no-such-file", "/mnt"};
    line.command = {"/bin/true"};
    auto command = RunningCommand::start(netns_.get(), line);
    ASSERT_OK(command);
    EXPECT_EQ(command->wait().code, 125);
    line.options = {"--no-such-option"};
    EXPECT_FALSE(RunningCommand::start(netns_.get(), line).has_value());
}

}  // namespace
}  // namespace sallyport::sandbox
