#include "sandbox/handler_hosts.h"

#include "tests/sandbox/handlers.h"

namespace sallyport::sandbox {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kScript[] = "export const outbound = () => new Response('ok');";

HandlerSpec a_script(const std::string& name) { return {name, kScript, "vcs.js", 64, ""}; }

TEST(HandlerHosts, RefuseWhatNoDaemonAsksFor) {
    ASSERT_ROOT();
    HandlerHosts hosts;
    struct Case {
        HandlerSpec spec;
        const char* why;
    };
    const Case kCases[] = {
        {{"", kScript, "x.js", 64, ""}, "name must be"},
        {{"../x", kScript, "x.js", 64, ""}, "name must be"},
        {{std::string("a\0b", 3), kScript, "x.js", 64, ""}, "name must be"},
        {{std::string(129, 'a'), kScript, "x.js", 64, ""}, "name must be"},
        {{"box", std::string((1 << 20) + 1, ' '), "x.js", 64, ""}, "larger than 1 MiB"},
        {{"box", kScript, std::string("x\0.js", 5), 64, ""}, "NUL"},
        {{"box", kScript, std::string(300, 'x'), 64, ""}, "too long"},
        {{"box", kScript, "x.js", 31, ""}, "memory"},
        {{"box", kScript, "x.js", 4097, ""}, "memory"},
        {{"box", "", "", 64, "/run/docker.sock"}, "not named at the start"},
    };
    for (const Case& each : kCases) {
        const auto process = hosts.start(each.spec);
        ASSERT_FALSE(process.has_value()) << each.why;
        EXPECT_THAT(process.error().detail, HasSubstr(each.why));
    }
    EXPECT_TRUE(hosts.event_fds().empty());
}

TEST(HandlerHosts, HaveOneForEachName) {
    ASSERT_ROOT();
    HandlerHosts hosts;
    const auto first = hosts.start(a_script("a"));
    ASSERT_OK(first);
    EXPECT_THAT(hosts.start(a_script("a")).error().detail, HasSubstr("already"));
    const auto second = hosts.start(a_script("b"));
    ASSERT_OK(second);
    EXPECT_LT(first->start, second->start);
    EXPECT_EQ(hosts.event_fds().size(), 2u);
    ASSERT_OK(hosts.connect("a"));
    ASSERT_OK(hosts.stop("a"));
    EXPECT_EQ(hosts.connect("a").error().code, ErrorCode::handler_unavailable);
    EXPECT_FALSE(hosts.stop("a").has_value());
    ASSERT_OK(hosts.start(a_script("a")));
    EXPECT_TRUE(hosts.collect().empty());
}

TEST(HandlerHosts, ConnectToNoServiceButThoseNamed) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const auto made = HandlerDirectory::make(directory.path() + "/services");
    ASSERT_OK(made);
    const auto named = made->listen("named", {});
    const auto other = made->listen("other", {});
    ASSERT_OK(named);
    ASSERT_OK(other);
    HandlerHosts hosts;
    ASSERT_OK(hosts.allow({named->file.path()}, directory.path() + "/fetches"));
    EXPECT_FALSE(hosts.allow({other->file.path()}, directory.path() + "/fetches").has_value()) << "once";
    ASSERT_OK(hosts.start({"a", "", "", 0, named->file.path()}));
    ASSERT_OK(hosts.connect("a"));
    EXPECT_TRUE(accept_one(named->fd));
    EXPECT_FALSE(hosts.start({"b", "", "", 0, other->file.path()}).has_value());
    EXPECT_FALSE(hosts.start({"b", "", "", 0, named->file.path() + "/../other.sock"}).has_value());
    ASSERT_OK(hosts.stop("a"));
    EXPECT_TRUE(std::filesystem::is_empty(directory.path() + "/fetches"));
}

TEST(HandlerHosts, AreBounded) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const auto made = HandlerDirectory::make(directory.path() + "/services");
    ASSERT_OK(made);
    const auto service = made->listen("service", {});
    ASSERT_OK(service);
    HandlerHosts hosts;
    ASSERT_OK(hosts.allow({service->file.path()}, directory.path() + "/fetches"));
    for (int i = 0; i < 256; ++i) ASSERT_OK(hosts.start({"box" + std::to_string(i), "", "", 0, service->file.path()}));
    EXPECT_EQ(hosts.start({"more", "", "", 0, service->file.path()}).error().code, ErrorCode::handler_busy);
    ASSERT_OK(hosts.stop("box7"));
    ASSERT_OK(hosts.start({"more", "", "", 0, service->file.path()}));
}

// The launcher's side of it.
TEST(HandlerHosts, CanBeStartedAfterTheSeal) {
    ASSERT_ROOT();
    auto launcher = Launcher::start();
    ASSERT_OK(launcher);
    ASSERT_OK(launcher->seal(std::nullopt));
    EXPECT_THAT(launcher->allow_handler_sockets({}, "/run/x").error().detail, HasSubstr("sealed"));
    const auto process = launcher->start_handler(a_script("box"));
    ASSERT_OK(process);
    EXPECT_EQ(process->fetch_path, "/run/sallyport/fetch.sock");
    auto connection = launcher->connect_handler("box");
    ASSERT_OK(connection);
    Peer client(std::move(*connection));
    client.send("GET http://x.test/ HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\nX-Sallyport-Handler: outbound\r\n"
                "X-Sallyport-Env: e30=\r\nX-Sallyport-Context: e30=\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\nok"));
    ASSERT_OK(launcher->stop_handler("box"));
}

TEST(HandlerHosts, GoWithTheDaemon) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const std::string sockets = directory.path() + "/fetches";
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Peer everybody{UniqueFd(ends[0])};
    UniqueFd write_end(ends[1]);
    const pid_t daemon = ::fork();
    if (daemon == 0) {
        ::dup2(write_end.get(), STDERR_FILENO);
        auto launcher = Launcher::start();
        if (!launcher || !launcher->allow_handler_sockets({}, sockets)) ::_exit(1);
        auto process = launcher->start_handler({"box", "for (;;) {}", "x.js", 64, ""});
        if (!process) ::_exit(2);
        if (::write(STDERR_FILENO, "r", 1) != 1) ::_exit(3);
        ::pause();
        ::_exit(0);
    }
    write_end.reset();
    EXPECT_EQ(everybody.read_bytes(1), "r");
    EXPECT_TRUE(std::filesystem::exists(sockets));
    ::kill(daemon, SIGKILL);
    ::waitpid(daemon, nullptr, 0);
    everybody.read_to_end();
    EXPECT_FALSE(std::filesystem::exists(sockets));
}

}  // namespace
}  // namespace sallyport::sandbox
