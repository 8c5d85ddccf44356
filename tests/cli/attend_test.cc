#include "cli/attend.h"

#include <signal.h>
#include <unistd.h>

#include "tests/cli/decide.h"
#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

TEST(Attend, AnnouncesReadinessOnce) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    testing::internal::CaptureStderr();
    announce_ready(pipe_fds[1], "box");
    announce_ready(-1, "quiet");
    testing::internal::GetCapturedStderr();
    char line[64];
    const ssize_t size = read(pipe_fds[0], line, sizeof line);
    EXPECT_EQ(std::string(line, static_cast<std::size_t>(size)), "ready box\n");
    EXPECT_EQ(read(pipe_fds[0], line, sizeof line), 0) << "the descriptor is closed afterwards";
    close(pipe_fds[0]);
}

class AttendTest : public HandlersTest {
protected:
    std::unique_ptr<Gate> gate() {
        GateOptions options;
        options.config_file = write("p.yaml", "version: 1\nsecrets: { s: { env: SALLYPORT_ATTEND_TEST } }\n"
                                              "credentials: { c: { type: bearer, secret: s } }\n"
                                              "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n");
        options.access_log = "none";
        auto made = Gate::create(options, &*launcher);
        EXPECT_TRUE(made) << (made ? "" : made.error().detail);
        return made ? std::move(*made) : nullptr;
    }
};

TEST_F(AttendTest, SighupReloadsAndSigtermDrains) {
    block_service_signals();
    const auto attended = gate();
    ASSERT_TRUE(attended);
    ASSERT_TRUE(attended->add_sandbox("box", "", {}));
    attended->start();
    write("p.yaml", "version: 1\npolicies: { p: { default: allow } }\n");
    testing::internal::CaptureStderr();
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGTERM);
    EXPECT_EQ(attend(*attended, *launcher), 0);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("reloaded"), std::string::npos) << said;
    EXPECT_NE(said.find("draining"), std::string::npos) << said;
    EXPECT_EQ(decide(attended->deployment().snapshot_of("box"), "https://b.example/"), "allow default");
}

TEST_F(AttendTest, ALauncherThatDiesEndsTheGate) {
    const auto attended = gate();
    ASSERT_TRUE(attended);
    attended->start();
    bool ended = false;
    const LauncherWatch watch(*attended, *launcher, [&](std::optional<int> code) {
        ended = true;
        EXPECT_FALSE(code);
        attended->control().stop();
    });
    // Its only process is this one's child.
    const std::string children = read("/proc/self/task/" + std::to_string(getpid()) + "/children");
    ASSERT_FALSE(children.empty());
    kill(std::stoi(children), SIGKILL);
    testing::internal::CaptureStderr();
    attended->control().run();
    EXPECT_NE(testing::internal::GetCapturedStderr().find("the launcher is gone"), std::string::npos);
    EXPECT_TRUE(ended);
}

TEST_F(AttendTest, P20_SecretsAreLookedAtNowAndThen) {
    const std::string secret = write("secret", "marker-1");
    GateOptions options;
    options.config_file = write("p.yaml", "version: 1\nsecrets: { s: { file: secret } }\ncredentials: { c: { type: bearer, secret: s } }\n"
                                          "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n");
    options.access_log = "none";
    auto attended = std::move(*Gate::create(options, nullptr));
    ASSERT_TRUE(attended->add_sandbox("box", "", {}));
    attended->start();
    const SecretsTimer timer(*attended);
    net::Timer patience(attended->control(), [&] { attended->control().stop(); });
    patience.start(std::chrono::seconds(30));
    attended->on_committed = [&](const Plan&) { attended->control().stop(); };
    std::filesystem::remove(secret);  // and no event tells of it
    testing::internal::CaptureStderr();
    attended->control().run();
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(decide(attended->deployment().snapshot_of("box"), "https://a.example/"), "deny rules[0]: secret_unavailable");
}

}  // namespace
}  // namespace sallyport::cli
