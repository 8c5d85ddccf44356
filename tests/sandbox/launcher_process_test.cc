#include "sandbox/launcher_process.h"

#include <sys/stat.h>

#include <thread>

#include "sandbox/wire.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

struct Pair {
    UniqueFd daemon;
    UniqueFd launcher;
    Pair() {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0) {
            daemon.reset(fds[0]);
            launcher.reset(fds[1]);
        }
    }
};

// The loop on a thread of this process, spoken to in bytes.
class LauncherProcessTest : public ::testing::Test {
protected:
    LauncherProcessTest()
        : thread_([calls = std::move(calls_.launcher), events = std::move(events_.launcher)]() mutable {
              LauncherProcess(std::move(calls), std::move(events)).serve();
          }) {}
    ~LauncherProcessTest() override {
        calls_.daemon.reset();
        events_.daemon.reset();
        thread_.join();
    }

    Result<void> ask(const std::string& body) {
        if (auto sent = send_message(calls_.daemon.get(), body); !sent) return sent;
        auto message = receive_message(calls_.daemon.get());
        if (!message || !message->has_value()) return failure(ErrorCode::system, "no answer");
        const auto answer = decode_answer((*message)->body);
        return answer ? Result<void>() : failure(answer.error());
    }

    Pair calls_;
    Pair events_;
    std::thread thread_;
};

TEST_F(LauncherProcessTest, AnswersEveryCallThatMakesNoSense) {
    CommandSpec spec;
    spec.name = "nobody";
    EXPECT_EQ(ask("garbage").error().code, ErrorCode::internal);
    EXPECT_EQ(ask("").error().code, ErrorCode::internal);
    EXPECT_EQ(ask(encode_call(StartCommand{})).error().code, ErrorCode::config_invalid);
    EXPECT_EQ(ask(encode_call(CloseNamespace{"nobody"})).error().code, ErrorCode::config_invalid);
    EXPECT_EQ(ask(encode_call(SignalCommand{15})).error().code, ErrorCode::config_invalid);
    EXPECT_EQ(ask(encode_call(NamespaceRequest{"x", "/no/such/file", ""})).error().code, ErrorCode::system);
    EXPECT_EQ(ask(encode_call(Seal{spec})).error().code, ErrorCode::config_invalid);
}

TEST_F(LauncherProcessTest, NeverClosesItsOwnNamespace) {
    ASSERT_ROOT();
    const auto answer = ask(encode_call(NamespaceRequest{"host", "/proc/self/ns/net", ""}));
    ASSERT_FALSE(answer.has_value());
    EXPECT_THAT(answer.error().detail, ::testing::HasSubstr("cut off the host"));
}

TEST_F(LauncherProcessTest, RefusesToAttachWhatIsNoNamespace) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const std::string fifo = directory.path() + "/fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    for (const std::string& path : {std::string("/dev/null"), fifo, directory.path()}) {
        EXPECT_FALSE(ask(encode_call(NamespaceRequest{"x", path, ""})).has_value()) << path;
    }
}

TEST_F(LauncherProcessTest, IsSealedEvenWhenTheCommandIsRefused) {
    CommandSpec spec;
    spec.name = "nobody";
    EXPECT_FALSE(ask(encode_call(Seal{spec})).has_value());
    EXPECT_THAT(ask(encode_call(Seal{})).error().detail, ::testing::HasSubstr("sealed"));
    EXPECT_THAT(ask(encode_call(NamespaceRequest{"x", "", ""})).error().detail, ::testing::HasSubstr("sealed"));
}

}  // namespace
}  // namespace sallyport::sandbox
