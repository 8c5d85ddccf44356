// How the program starts, ends and changes: exit codes, signals, streams, leftovers, reload, drain, and one line in the
// access log for each request.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::set<pid_t> all_processes() {
    std::set<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        if (int pid = std::atoi(entry.path().filename().c_str()); pid > 0) found.insert(pid);
    }
    return found;
}

// False where one of them is still there after half a minute.
bool wait_until_gone(const std::set<pid_t>& processes) {
    for (pid_t pid : processes) {
        UniqueFd handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        pollfd event{handle.get(), POLLIN, 0};
        if (handle && poll(&event, 1, 30'000) != 1) return false;
    }
    return true;
}

class Lifecycle : public IntegrationTest {
protected:
    // A process whose standard input the test writes to.
    struct Talker {
        UniqueFd input;
        Process process;
        void say(const std::string& line) { (void)!write(input.get(), line.data(), line.size()); }
    };
    template <class Start>
    Talker talk(Start start) {
        int ends[2];
        (void)!pipe2(ends, O_CLOEXEC);
        UniqueFd reader(ends[0]);
        return {UniqueFd(ends[1]), start(reader.get())};
    }
    // What a private service says in a sandbox of `serve`, entered as its directory tells.
    std::string answer_inside(const std::string& directory) {
        return finish(world().start({.argv = {"sh", "-c",
                                              "set -a; . " + directory + "/env; nsenter --net=" + directory +
                                                  "/netns curl -sS https://api.acme.example/private"}}))
            .out;
    }
    static bool reload(Guard& guard, const std::string& expected_message) {
        guard.daemon().signal(SIGHUP);
        return wait_for_text(guard.daemon().err_path(), expected_message);
    }
};

TEST_F(Lifecycle, TheExitCodeIsTheCommands) {
    const std::pair<const char*, int> cases[] = {{"exit 0", 0},          {"exit 3", 3},          {"exit 255", 255},
                                                 {"kill -TERM $$", 143}, {"kill -KILL $$", 137}, {"kill -SEGV $$", 139}};
    for (const auto& [script, code] : cases)
        EXPECT_EQ(run_in_sandbox(policy(kApiAndOpen), {"sh", "-c", script}).code, code) << script;
    EXPECT_EQ(run_in_sandbox(policy(kApiAndOpen), {"/no/such/command"}).code, 127);
    EXPECT_EQ(run_in_sandbox(policy(kApiAndOpen), {"no-such-command"}).code, 127);
    EXPECT_EQ(run_in_sandbox(policy(kApiAndOpen), {"/etc/passwd"}).code, 126);
    EXPECT_EQ(finish(world().start({.argv = {SALLYPORT_PROGRAM, "run", "--no-such-option", "--", "true"}})).code, 2);
}

TEST_F(Lifecycle, StandardStreamsPassThrough) {
    std::string input;
    for (int i = 0; i < 100'000; ++i) input += std::to_string(i) + "\n";
    Finished cat = run_in_sandbox(policy(kApiAndOpen), {"sh", "-c", "cat; echo wrong >&2"}, {.input = input});
    EXPECT_TRUE(cat.out == input);
    EXPECT_THAT(cat.err, HasSubstr("wrong\n"));
}

TEST_F(Lifecycle, SignalsReachTheCommand) {
    for (const auto& [number, name] :
         {std::pair{SIGTERM, "TERM"}, {SIGINT, "INT"}, {SIGHUP, "HUP"}, {SIGUSR1, "USR1"}, {SIGQUIT, "QUIT"}}) {
        std::string script = std::string("trap 'echo got; exit 42' ") + name + "; echo up; while :; do read line || :; done";
        Talker run = talk([&](int stdin_fd) {
            Spawn spawn = sallyport_run(policy(kApiAndOpen), {"sh", "-c", script});
            spawn.stdin_fd = stdin_fd;
            return world().start(spawn);
        });
        ASSERT_TRUE(wait_for_text(run.process.out_path(), "up")) << run.process.err();
        run.process.signal(number);
        EXPECT_EQ(run.process.wait(), 42) << name << run.process.err();
        EXPECT_EQ(run.process.out(), "up\ngot\n");
    }
}

TEST_F(Lifecycle, ATerminalPassesThrough) {
    Spawn spawn =
        sallyport_run(policy(kApiAndOpen), {"sh", "-c", "test -t 0 && test -t 1 && echo is-a-terminal; stty size"});
    std::string command = "stty rows 33 cols 77;";
    for (const auto& word : spawn.argv) command += " '" + word + "'";
    spawn.argv = {"script", "-qec", command, "/dev/null"};
    Process process = world().start(spawn);
    EXPECT_EQ(process.wait(), 0) << process.out();
    EXPECT_THAT(process.out(), HasSubstr("is-a-terminal"));
    EXPECT_THAT(process.out(), HasSubstr("33 77"));
}

TEST_F(Lifecycle, TheFileSystemIsReadOnlyButForTheWorkingDirectoryAndWritableBinds) {
    std::string given = world().scratch(), shown = world().scratch(), work = world().scratch();
    write_file(shown + "/file", "shown\n");
    Finished run = run_in_sandbox(
        policy(kApiAndOpen),
        {"sh", "-c",
         "echo a >here && echo wrote; echo b >/mnt/there && echo wrote-bind; cat /media/file;"
         "echo c >/media/file && echo wrong; touch /etc/wrong /usr/wrong /srv/wrong /root/wrong && echo wrong"},
        {.options = {"--bind", shown + ":/media", "--bind", given + ":/mnt:rw"}, .directory = work});
    EXPECT_EQ(run.out, "wrote\nwrote-bind\nshown\n") << run.err;
    EXPECT_EQ(read_file(work + "/here"), "a\n");
    EXPECT_EQ(read_file(given + "/there"), "b\n");
    EXPECT_FALSE(std::filesystem::exists("/root/wrong"));
}

TEST_F(Lifecycle, KillingTheParentCleansEverythingUp) {
    auto processes_before = all_processes();
    std::string mounts_before = read_file("/proc/self/mountinfo");
    Spawn spawn =
        sallyport_run(policy(kApiAndOpen), {"sh", "-c", "setsid sh -c 'echo up; exec tail -f /dev/null' & tail -f /dev/null"});
    Process run = world().start(spawn);
    ASSERT_TRUE(wait_for_text(run.out_path(), "up")) << run.err();
    auto made = all_processes();
    for (pid_t pid : processes_before) made.erase(pid);
    ASSERT_GE(made.size(), 3u);
    run.signal(SIGKILL);
    run.wait();
    EXPECT_TRUE(wait_until_gone(made));
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts_before);
    EXPECT_FALSE(std::filesystem::exists("/run/netns") && !std::filesystem::is_empty("/run/netns"));
}

TEST_F(Lifecycle, NothingIsLeftOfARunThatEnded) {
    auto processes_before = all_processes();
    std::string mounts_before = read_file("/proc/self/mountinfo");
    auto directories_before = files_below("/run");
    EXPECT_EQ(run_in_sandbox(policy(kApiAndOpen), {"sh", "-c", "setsid tail -f /dev/null & exit 0"}).code, 0);
    auto left = all_processes();
    for (pid_t pid : processes_before) left.erase(pid);
    EXPECT_TRUE(wait_until_gone(left));
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts_before);
    EXPECT_EQ(files_below("/run"), directories_before);
}

TEST_F(Lifecycle, AReloadIsFeltByTheNextRequestAndABadOneChangesNothing) {
    Guard guard(policy(kApiAndOpen));
    auto status = [&](const char* url) { return guard.curl({"-o", "/dev/null", "-w", "%{http_code}", url}).out; };
    EXPECT_EQ(status("https://other.acme.example/echo"), "403");
    guard.rewrite_policy(policy("      - { host: other.acme.example }\n"));
    ASSERT_TRUE(reload(guard, "reloaded")) << guard.messages();
    EXPECT_EQ(status("https://other.acme.example/echo"), "200");
    EXPECT_EQ(status("https://open.acme.example/echo"), "403");
    guard.rewrite_policy(policy("      - { hosts: open.acme.example }\n"));
    ASSERT_TRUE(reload(guard, "nothing has changed")) << guard.messages();
    EXPECT_THAT(guard.messages(), HasSubstr("did you mean \"host\""));
    EXPECT_EQ(status("https://other.acme.example/echo"), "200");
    EXPECT_EQ(status("https://open.acme.example/echo"), "403");
    auto log = guard.access_log(5);
    ASSERT_EQ(log.size(), 5u);
    EXPECT_EQ(log[0]["generation"], "1");
    // The file's change is noticed by itself too: two reloads, of one text.
    EXPECT_THAT(log[4]["generation"], testing::AnyOf("2", "3"));
}

// A keep-alive connection does not keep the policy that it began under.
TEST_F(Lifecycle, AnOpenConnectionFeelsAReload) {
    Guard guard(policy(kApiAndOpen));
    Talker client = talk([&](int stdin_fd) {
        return guard.start({.argv = {"/usr/bin/python3", "-uc", R"(
import http.client
connection = http.client.HTTPSConnection('open.acme.example')
def ask():
    try:
        connection.request('GET', '/echo/reloaded'); answer = connection.getresponse(); answer.read(); return answer.status
    except (OSError, http.client.HTTPException): return 'closed'
print(ask()); input(); print(ask())
)"},
                            .stdin_fd = stdin_fd});
    });
    ASSERT_TRUE(wait_for_text(client.process.out_path(), "200\n")) << client.process.err();
    guard.rewrite_policy(policy("      - { host: api.acme.example, credential: token }\n"));
    ASSERT_TRUE(reload(guard, "reloaded"));
    client.say("go\n");
    EXPECT_EQ(client.process.wait(), 0) << client.process.err();
    EXPECT_THAT(client.process.out(), AnyOf("200\n403\n", "200\nclosed\n"));
}

TEST_F(Lifecycle, ARunningTransferThatANewPolicyDeniesIsCut) {
    Guard guard(policy(kApiAndOpen));
    Process download = half_a_download(guard, "cut");
    guard.rewrite_policy(policy("      - { host: api.acme.example, credential: token }\n"));
    ASSERT_TRUE(reload(guard, "reloaded"));
    constexpr int kCurlTimedOut = 28;
    EXPECT_THAT(download.wait(), testing::AllOf(testing::Ne(0), testing::Ne(kCurlTimedOut))) << download.err();
    EXPECT_EQ(download.out(), "half ");
    world().open_gate("cut");
}

TEST_F(Lifecycle, AChangedSecretFileIsReadAgain) {
    std::string file = world().path("secrets/") + world().fresh("rotating");
    write_file(file, "not-the-right-one\n");
    Guard guard(policy(kApiAndOpen, "{ file: " + file + " }"));
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "who are you\n");
    write_file(file, std::string(kSecret) + "\n");
    ASSERT_TRUE(reload(guard, "reloaded"));
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "welcome\n");
}

TEST_F(Lifecycle, SigtermFinishesWhatRunsAndTakesNothingNew) {
    Guard guard(policy(kApiAndOpen));
    Process download = half_a_download(guard, "drain");
    guard.daemon().signal(SIGTERM);
    ASSERT_TRUE(wait_for_text(guard.daemon().err_path(), "draining"));
    EXPECT_NE(guard.curl({"https://open.acme.example/echo"}).code, 0);
    EXPECT_TRUE(guard.daemon().is_running());
    world().open_gate("drain");
    EXPECT_EQ(download.wait(), 0) << download.err();
    EXPECT_EQ(download.out(), "half more\n");
    EXPECT_EQ(guard.daemon().wait(), 0) << guard.messages();
    ASSERT_EQ(guard.access_log(1).size(), 1u);
    EXPECT_EQ(guard.access_log(1)[0]["status"], "200");
}

TEST_F(Lifecycle, ADrainThatTakesTooLongEndsAnyway) {
    Guard guard(policy(kApiAndOpen), {.options = {"--deadline-scale", "0.05"}});
    Process download = half_a_download(guard, "stuck");
    guard.daemon().signal(SIGTERM);
    EXPECT_EQ(guard.daemon().wait(), 0) << guard.messages();
    EXPECT_NE(download.wait(), 0);
    EXPECT_EQ(guard.access_log(1).size(), 1u);
    world().open_gate("stuck");
}

TEST_F(Lifecycle, ServeOpensTheSandboxesOfItsFile) {
    std::string runtime = world().outside() + "/" + world().fresh("runtime"),
                file = world().path(world().fresh("serve") + ".yaml");
    std::string log = runtime + ".access";
    for (const auto& [tenant, secret] : {std::pair{"tenant-acme", kSecret}, {"tenant-other", kOtherSecret}}) {
        make_directory(world().path(std::string("secrets/") + tenant));
        write_file(world().path(std::string("secrets/") + tenant + "/pat"), secret);
    }
    write_file(file, policy(kApiAndOpen, "{ file: \"" + world().path("secrets/${params.tenant}/pat") + "\" }") +
                         "sandboxes:\n  first: { policy: agent, params: { tenant: tenant-acme } }\n  second: { policy: "
                         "agent, params: { tenant: tenant-other } }\n");
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    UniqueFd reader(ends[0]), writer(ends[1]);
    Process daemon = world().start({.argv = {SALLYPORT_PROGRAM, "serve", file, "--runtime-dir", runtime, "--state-dir", "none", "--access-log", log,
                                             "--ready-fd", std::to_string(writer.get())},
                                    .inherited = {writer.get()}});
    writer.reset();
    ASSERT_THAT(wait_for_bytes(reader.get()), testing::StartsWith("ready")) << daemon.err();
    EXPECT_EQ(answer_inside(runtime + "/first"), "welcome\n");
    EXPECT_EQ(answer_inside(runtime + "/second"), "who are you\n");
    EXPECT_THAT(world().all_received("api.acme.example"), HasSubstr(std::string(kOtherSecret)));
    ASSERT_TRUE(wait_for_content(log, [](const std::string& content) { return lines(content).size() >= 2; }));
    auto entries = parse_access_log(read_file(log));
    EXPECT_EQ(entries[0]["sandbox"], "first");
    EXPECT_EQ(entries[1]["sandbox"], "second");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    EXPECT_FALSE(std::filesystem::exists(runtime + "/first/netns"));
}

TEST_F(Lifecycle, ServeStartsAgainAfterItWasKilled) {
    std::string runtime = world().outside() + "/" + world().fresh("runtime"),
                file = world().path(world().fresh("serve") + ".yaml");
    write_file(file, policy(kApiAndOpen) + "sandboxes:\n  only: { policy: agent }\n");
    for (int life = 0; life < 3; ++life) {
        Process daemon = world().start(
            {.argv = {SALLYPORT_PROGRAM, "serve", file, "--runtime-dir", runtime, "--state-dir", "none", "--access-log", runtime + ".access"}});
        ASSERT_TRUE(wait_for_text(daemon.err_path(), "ready")) << daemon.err();
        EXPECT_EQ(answer_inside(runtime + "/only"), "welcome\n") << life;
        daemon.signal(SIGKILL);
        daemon.wait();
        EXPECT_NE(answer_inside(runtime + "/only"), "welcome\n");
    }
}

// The launcher is the program's other half: without it the daemon does not go on.
TEST_F(Lifecycle, WhenTheLauncherDiesTheDaemonLeavesAndEgressStaysClosed) {
    Guard guard(policy(kApiAndOpen));
    std::string task = "/proc/" + std::to_string(guard.daemon().pid()) + "/task/" + std::to_string(guard.daemon().pid());
    pid_t launcher = std::atoi(read_file(task + "/children").c_str());
    ASSERT_GT(launcher, 1);
    kill(launcher, SIGKILL);
    EXPECT_NE(guard.daemon().wait(), 0);
    EXPECT_NE(guard.curl({"https://open.acme.example/echo"}).code, 0);
}

TEST_F(Lifecycle, ASecretsVariableIsNotPassedOn) {
    const std::string text = policy(kApiAndOpen, "{ env: VCS_TOKEN }");
    const std::vector<std::string> environment = {"VCS_TOKEN=" + std::string(kSecret), "PLAIN=plain"};
    Finished refused = run_in_sandbox(text, {"env"}, {.options = {"--env", "VCS_TOKEN"}, .environment = environment});
    EXPECT_NE(refused.code, 0);
    EXPECT_EQ(refused.out, "");
    Finished passed =
        run_in_sandbox(text, {"env"}, {.options = {"--env", "PLAIN", "--env", "GIVEN=here"}, .environment = environment});
    EXPECT_THAT(passed.out, HasSubstr("PLAIN=plain\n"));
    EXPECT_THAT(passed.out, HasSubstr("GIVEN=here\n"));
}

// A client that does not read, and an origin that does not: neither makes the gate hold what waits.
TEST_F(Lifecycle, SlowPeersDoNotMakeTheGateGrow) {
    Guard guard(policy(kApiAndOpen));
    auto resident_kib = [&] {
        std::string status = read_file("/proc/" + std::to_string(guard.daemon().pid()) + "/status");
        return std::atol(status.substr(status.find("VmRSS:") + 6).c_str());
    };
    world().make_gate("unread");
    guard.curl({"-o", "/dev/null", "https://open.acme.example/big?bytes=10000000"});
    long before = resident_kib();
    Process reader = guard.start(
        {.argv = {"sh", "-c",
                  "curl -sS 'https://open.acme.example/big?bytes=1000000000' | (head -c 1; exec tail -f /dev/null)"}});
    Process writer = guard.start(
        {.argv = {"sh", "-c",
                  "head -c 100000000 /dev/zero | curl -sS -T - 'https://open.acme.example/silent?gate=unread'"}});
    ASSERT_TRUE(wait_for_content(reader.out_path(), [](const std::string& text) { return !text.empty(); })) << reader.err();
    EXPECT_EQ(guard.curl({"-o", "/dev/null", "-w", "%{size_download}", "https://open.acme.example/big?bytes=100000000"}).out,
              "100000000");
    EXPECT_LT(resident_kib() - before, 8 * 1024);
    world().open_gate("unread");
}

TEST_F(Lifecycle, OriginsAreResolvedByTheDaemonsHostsFileFirst) {
    Guard guard(policy("      - { host: from-hosts-file.example }\n"));
    EXPECT_THAT(guard.curl({"http://from-hosts-file.example/echo"}).out, HasSubstr("from-hosts-file.example"));
    std::string hosts = world().path(world().fresh("hosts"));
    write_file(hosts, "203.0.113.14 by-option.example\n");
    Guard other(policy("      - { host: by-option.example }\n"), {.options = {"--hosts", hosts}});
    EXPECT_THAT(other.curl({"http://by-option.example/echo"}).out, HasSubstr("by-option.example"));
}

// Whatever becomes of a request, there is one line about it, with what an auditor asks for.
TEST_F(Lifecycle, EveryRequestEndsInExactlyOneLine) {
    Guard guard(policy(kApiAndOpen + "      - { host: expired.example }\n      - { host: nosuch.example }\n      - { host: "
                                "closed.example }\n      - { host: internal.example }\n"));
    struct Case {
        RawCase request;
        const char* status;
        const char* verdict;
        const char* error;
    };
    auto to = [](const std::string& host, const std::string& bytes) { return RawCase{.bytes = bytes, .host = host}; };
    const std::string open = "open.acme.example";
    const std::vector<Case> cases = {
        {to("api.acme.example", get("/line/ok")), "404", "allow", ""},
        {to(open, get("/echo", open)), "200", "allow", ""},
        {to(open, get("/204", open)), "204", "allow", ""},
        {to(open, get("/chunked", open)), "200", "allow", ""},
        {to(open, get("/trailers", open)), "200", "allow", ""},
        {to("denied.example", get("/", "denied.example")), "403", "deny", "denied"},
        {to(open, get("/", "evil.example")), "421", "deny", "misdirected"},
        {to(open, get("/", "a b")), "400", "deny", "bad_authority"},
        {to(open, "GET / HTTP/1.1\r\nHost: open.acme.example\r\nX: a\r\n b\r\n\r\n"), "400", "deny", ""},
        {to(open, get("/", open, "X: " + std::string(100'000, 'x') + "\r\n")), "431", "deny", "header_too_large"},
        {to(open, get("/" + std::string(40'000, 'x'), open)), "414", "deny", "uri_too_long"},
        {to(open, get("/bad/nothing", open)), "502", "allow", "origin_closed"},
        {to(open, get("/bad/two-lengths", open)), "502", "allow", ""},
        {to(open, get("/bad/short-body", open)), "200", "allow", "origin_closed"},
        {to("expired.example", get("/", "expired.example")), "502", "allow", "tls_verify_failed"},
        {to("nosuch.example", get("/", "nosuch.example")), "502", "allow", "dns_not_found"},
        {to("closed.example", get("/", "closed.example")), "502", "allow", "connect_failed"},
        {to("internal.example", get("/", "internal.example")), "403", "deny", "private_address"},
        {{.bytes = get("/", "api.acme.example"), .port = 80, .sni = "plain"}, "403", "deny", "cleartext_credential"},
        {{.bytes = "SSH-2.0-client\r\n", .host = open, .port = 80, .sni = "plain", .mode = "all"},
         "0",
         "deny",
         "not_intercepted"},
        {{.bytes = "", .host = "api.acme.example", .sni = "evil.example"}, "0", "deny", "misdirected"},
        {{.bytes = get("/", "203.0.113.66"), .host = "203.0.113.66", .sni = "-"}, "403", "deny", ""},
        {{.bytes = get("/", "203.0.113.66"), .host = "203.0.113.66", .port = 80, .sni = "plain"}, "403", "deny", ""},
    };
    std::size_t count = 0;
    for (const auto& one : cases) {
        guard.raw(one.request);
        auto log = guard.access_log(++count);
        ASSERT_EQ(log.size(), count) << one.request.bytes.substr(0, 200);
        const LogLine& line = log.back();
        EXPECT_EQ(line["status"], one.status) << one.request.bytes.substr(0, 200);
        EXPECT_EQ(line["verdict"], one.verdict) << one.request.bytes.substr(0, 200);
        if (*one.error != '\0' || one.status[0] == '2') {
            EXPECT_EQ(line["error"], one.error) << one.request.bytes.substr(0, 200);
        }
        for (const char* field :
             {"time", "request_id", "sandbox", "policy", "generation", "method", "scheme", "host", "port", "target",
              "verdict", "rule", "status", "request_bytes", "response_bytes", "total_us"}) {
            EXPECT_TRUE(line.has(field)) << field << one.request.bytes.substr(0, 200);
        }
    }
    EXPECT_EQ(guard.access_log(count).size(), count);
}

TEST_F(Lifecycle, ALineSaysWhoWhatAndHowMuch) {
    Guard guard(policy(kApiAndOpen), {.name = "agent-47"});
    // One that takes HTTP/2 too has its origin asked, and so connected to, before there is a request to count it for.
    guard.curl({"--http1.1", "-d", "12345", "https://API.acme.example:443/upload?a=1"});
    auto log = guard.access_log(1);
    ASSERT_EQ(log.size(), 1u);
    const std::pair<const char*, const char*> expected[] = {
        {"sandbox", "agent-47"}, {"policy", "agent"},
        {"generation", "1"},     {"method", "POST"},
        {"scheme", "https"},     {"host", "api.acme.example"},
        {"port", "443"},         {"target", "/upload?a=1"},
        {"verdict", "allow"},    {"rule", "api"},
        {"credential", "token"}, {"status", "200"},
        {"request_bytes", "5"},  {"upstream", "203.0.113.10:443"},
    };
    for (const auto& [field, value] : expected) EXPECT_EQ(log[0][field], value) << field;
    EXPECT_GT(std::stol(log[0]["response_bytes"]), 0);
    for (const char* field : {"connect_us", "tls_us", "first_byte_us", "total_us"})
        EXPECT_GT(std::stol(log[0][field]), 0) << field;
}

// Whoever opens a connection and asks nothing is seen, too, where the gate had a decision to make.
TEST_F(Lifecycle, AClientThatGoesAwayHasItsLine) {
    Guard guard(policy(kApiAndOpen));
    Process download = guard.start({.argv = {"/usr/bin/python3", "-uc", R"(
import signal, urllib.request
answer = urllib.request.urlopen('https://open.acme.example/big?bytes=1000000000')
print(len(answer.read(1)))
signal.pause()
)"}});
    ASSERT_TRUE(wait_for_text(download.out_path(), "1")) << download.err();
    download.signal(SIGKILL);
    auto log = guard.access_log(1);
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log[0]["error"], "client_gone");
    EXPECT_EQ(log[0]["status"], "200");
}

}  // namespace
}  // namespace sallyport::integration
