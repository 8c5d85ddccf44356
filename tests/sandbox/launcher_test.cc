#include "sandbox/launcher.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>

#include "sandbox/secret_commands.h"
#include "tests/sandbox/network.h"

namespace sallyport::sandbox {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string python(const std::string& program) { return "python3 - <<'PROGRAM'\n" + program + "\nPROGRAM\n"; }

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
}

TEST(Launcher, CatchesConnectionsToAnyAddress) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    ASSERT_OK(box.start(box.shell(python(
        "import socket\n"
        "socket.create_connection(('1.2.3.4', 443)).sendall(b'a')\n"
        "socket.create_connection(('2001:db8::5', 8443)).sendall(b'b')\n"
        "socket.create_connection(('127.0.0.53', 53)).sendall(b'c')\n"))));
    EXPECT_EQ(original_destination(accept_one(box.sockets().tcp_v4)), "1.2.3.4 443");
    EXPECT_EQ(original_destination(accept_one(box.sockets().tcp_v6)), "2001:db8::5 8443");
    EXPECT_EQ(original_destination(accept_one(box.sockets().tcp_v4)), "127.0.0.53 53");
    EXPECT_EQ(box.exit_code(), 0);
}

TEST(Launcher, ThreatX12OnceSealedRunsOnlyCommandsForSecretsThatWereNamed) {
    ASSERT_ROOT();
    auto launcher = Launcher::start();
    ASSERT_OK(launcher);
    const std::chrono::milliseconds patience{kPatienceMs};
    EXPECT_FALSE(launcher->start_secret_command({"printf", "value"}, patience));
    ASSERT_OK(launcher->allow_secret_commands({{"printf", "value"}}));
    ASSERT_OK(launcher->seal(std::nullopt));
    EXPECT_FALSE(launcher->allow_secret_commands({{"printf", "other"}}));
    EXPECT_FALSE(launcher->start_secret_command({"printf", "other"}, patience));
    const auto socket = launcher->start_secret_command({"printf", "value"}, patience);
    ASSERT_OK(socket);
    EXPECT_EQ(receive_secret(socket->get(), patience).value().reveal(), "value");
}

TEST(Launcher, CatchesNameLookups) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    ASSERT_OK(box.start(box.shell(python(
        "import socket\n"
        "for address in ('8.8.8.8', '127.0.0.53', '2001:db8::53'):\n"
        "    family = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
        "    asker = socket.socket(family, socket.SOCK_DGRAM)\n"
        "    asker.connect((address, 53))\n"
        "    asker.send(b'who')\n"
        "    assert asker.recv(10) == b'you'\n"))));
    const auto& sockets = box.sockets();
    for (const UniqueFd* dns : {&sockets.dns_v4, &sockets.dns_v4, &sockets.dns_v6}) {
        ASSERT_TRUE(wait_readable(dns->get()));
        char query[16];
        Endpoint from{};
        socklen_t size = sizeof(from);
        ASSERT_EQ(::recvfrom(dns->get(), query, sizeof(query), 0, &from.any, &size), 3);
        ASSERT_EQ(::sendto(dns->get(), "you", 3, 0, &from.any, size), 3);
    }
    EXPECT_EQ(box.exit_code(), 0);
}

TEST(Launcher, LetsNothingElseOut) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const std::string output = box.output_of(python(
        "import socket, errno\n"
        "def attempt(name, body):\n"
        "    try: body(); print(name, 'worked')\n"
        "    except OSError as error: print(name, errno.errorcode[error.errno])\n"
        "def quic(family, address):\n"
        "    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(60); s.connect((address, 443)); s.send(b'x'); s.recv(1)\n"
        "attempt('udp4', lambda: quic(socket.AF_INET, '1.2.3.4'))\n"
        "attempt('udp6', lambda: quic(socket.AF_INET6, '2001:db8::1'))\n"
        "attempt('icmp', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))\n"
        "attempt('ping', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP))\n"
        "attempt('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))\n"
        "attempt('vsock', lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))\n"));
    EXPECT_THAT(lines(output), ElementsAre("udp4 ECONNREFUSED", "udp6 ECONNREFUSED", "icmp EPERM", "ping EACCES",
                                           "packet EAFNOSUPPORT", "vsock EAFNOSUPPORT"));
}

TEST(Launcher, GivesTheCommandNoPrivilegeAndNoViewOfTheHost) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const std::string output = box.output_of(
        "grep -E '^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status\n"
        "echo links: $(cut -d: -f1 -s /proc/net/dev)\n"
        "grep ^Name /proc/1/status; hostname; cat /etc/resolv.conf\n"
        "true > /etc/new || echo read-only\n"
        "( exec 3<>/proc/sys/kernel/core_pattern ) || echo sealed\n"
        "( exec 3<>/proc/irq/default_smp_affinity ) || echo sealed\n"
        "unshare --user true || echo alone\n"
        "echo found: $(find /root /home /mnt /media /var/tmp -mindepth 1 | head -1)");
    for (const char* line : {"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000",
                             "CapInh:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "Name:\tbwrap", "box",
                             "nameserver 198.18.0.1", "read-only", "alone", "links: lo", "found:"}) {
        EXPECT_THAT(lines(output), ::testing::Contains(line));
    }
    EXPECT_THAT(lines(output), ::testing::Contains("sealed").Times(2));
}

TEST(Launcher, GivesTheCommandExactlyItsEnvironment) {
    ASSERT_ROOT();
    ::setenv("SALLYPORT_TEST_CANARY", "canary", 1);
    Box box;
    ::unsetenv("SALLYPORT_TEST_CANARY");
    ASSERT_EQ(box.error(), "");
    CommandSpec spec = box.shell("");
    spec.argv = {"bash", "-c", "cat /proc/self/environ > out; cat /proc/*/environ /proc/*/cmdline > all"};
    spec.environment = {"PATH=/usr/bin:/bin", "TOKEN=placeholder", "EMPTY="};
    ASSERT_EQ(box.run(spec), 0);
    std::string environment = content_of(box.directory().path() + "/out");
    std::replace(environment.begin(), environment.end(), '\0', '\n');
    for (const std::string& line : lines(environment)) {
        EXPECT_THAT(line, AnyOf("PATH=/usr/bin:/bin", "TOKEN=placeholder", "EMPTY=", StartsWith("PWD="),
                                StartsWith("SHLVL="), StartsWith("_=")));
    }
    EXPECT_THAT(environment, HasSubstr("TOKEN=placeholder"));
    EXPECT_THAT(content_of(box.directory().path() + "/all"), Not(HasSubstr("canary")));
}

TEST(Launcher, KeepsMaskedFilesOutOfSightEvenWhenTheyAreReplaced) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const ScratchDir secrets;
    const std::string secret = secrets.file("secret", "canary");
    secrets.file("public", "words");
    CommandSpec spec = box.shell("cat " + secrets.path() + "/public; echo; cat " + secret + "; echo ready; read line; cat " +
                                 secret + "; ls " + secrets.path());
    spec.masked_paths = {secret};
    spec.argv[2] = "exec 2>&1; exec < fifo; " + spec.argv[2];
    ASSERT_EQ(::mkfifo((box.directory().path() + "/fifo").c_str(), 0600), 0);
    ASSERT_OK(box.start(spec));
    std::ofstream go(box.directory().path() + "/fifo");
    EXPECT_EQ(box.read_line(), "words");
    EXPECT_THAT(box.read_line(), HasSubstr("No such file"));
    EXPECT_EQ(box.read_line(), "ready");
    secrets.file("secret.new", "canary");
    std::filesystem::rename(secrets.path() + "/secret.new", secret);
    go << "go" << std::endl;
    EXPECT_THAT(box.read_line(), HasSubstr("No such file"));
    EXPECT_EQ(box.read_line(), "public");
    EXPECT_EQ(box.exit_code(), 0);
}

TEST(Launcher, KeepsServicesSocketsOutOfReach) {
    ASSERT_ROOT();
    const ScratchDir service;
    const std::string path = service.path() + "/service.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    Box box;
    ASSERT_EQ(box.error(), "");
    EXPECT_THAT(box.output_of("ls " + path + " || true"), HasSubstr("No such file"));
}

TEST(Launcher, BringsCertificatesBindsAndTheWorkingDirectory) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const ScratchDir more;
    more.file("file", "from a bind\n");
    CommandSpec spec = box.shell("{ cat /run/sallyport/ca.pem /run/sallyport/ca-bundle.pem /mnt/more/file; pwd; "
                                 "cmp /etc/ssl/certs/ca-certificates.crt /run/sallyport/ca-bundle.pem && echo same; } > out; "
                                 "! touch /mnt/more/new");
    spec.ca_pem = "the CA\n";
    spec.trust_bundle_pem = "all CAs\n";
    spec.binds = {{more.path(), "/mnt/more", false}};
    EXPECT_EQ(box.run(spec), 0);
    EXPECT_THAT(lines(content_of(box.directory().path() + "/out")),
                ElementsAre("the CA", "all CAs", "from a bind", box.directory().path(), "same"));
}

TEST(Launcher, LetsAptStayRoot) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    EXPECT_EQ(box.output_of("APT_CONFIG=/run/sallyport/apt.conf apt-config dump APT::Sandbox::User"),
              "APT::Sandbox::User \"root\";\n");
}

TEST(Launcher, RunsTheUsualPrograms) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const std::string output = box.output_of(
        "node -e 'console.log(6*7)'; git init -q repo && git -C repo status | head -1; curl --version | head -1\n"
        "apt-get --version | head -1; python3 -c 'import threading; t=threading.Thread(target=lambda: print(\"thread\")); "
        "t.start(); t.join()'");
    EXPECT_THAT(lines(output), ElementsAre("42", StartsWith("On branch"), StartsWith("curl"), StartsWith("apt"), "thread"));
}

TEST(Launcher, PassesExitCodes) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    EXPECT_EQ(box.run("exit 42"), 42);
    EXPECT_FALSE(box.launcher().start_command().has_value()) << "once";
}

TEST(Launcher, PassesSignals) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    ASSERT_OK(box.start(box.shell("trap 'echo caught; exit 5' TERM; echo ready; sleep 1000 & wait")));
    EXPECT_EQ(box.read_line(), "ready");
    EXPECT_FALSE(box.launcher().start_command().has_value()) << "once";
    EXPECT_FALSE(box.launcher().poll_event()->has_value());
    ASSERT_OK(box.launcher().signal_command(SIGTERM));
    EXPECT_EQ(box.read_line(), "caught");
    EXPECT_EQ(box.exit_code(), 5);
}

TEST(Launcher, RefusesASecretInTheWorkingDirectory) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    CommandSpec spec = box.shell("true");
    spec.masked_paths = {box.directory().file("secret", "canary")};
    const auto sealed = box.launcher().seal(spec);
    ASSERT_FALSE(sealed.has_value());
    EXPECT_EQ(sealed.error().code, ErrorCode::config_invalid);
    EXPECT_FALSE(box.launcher().start_command().has_value());
}

TEST(Launcher, MakesNothingMoreOnceSealed) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    EXPECT_FALSE(box.launcher().start_command().has_value()) << "before a command was handed over";
    const std::string pin = box.directory().path() + "/pin";
    ASSERT_OK(box.launcher().seal(box.shell("exit 7")));
    EXPECT_THAT(box.launcher().open_namespace({"more", "", pin}).error().detail, HasSubstr("sealed"));
    EXPECT_FALSE(std::filesystem::exists(pin));
    EXPECT_THAT(box.launcher().seal(box.shell("exit 8")).error().detail, HasSubstr("sealed"));
    EXPECT_THAT(box.launcher().seal(std::nullopt).error().detail, HasSubstr("sealed"));
    ASSERT_OK(box.launcher().start_command());
    EXPECT_EQ(box.exit_code(), 7);
}

TEST(Launcher, StartsNothingWhenNoCommandWasHandedOver) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    ASSERT_OK(box.launcher().seal(std::nullopt));
    EXPECT_FALSE(box.launcher().start_command().has_value());
    EXPECT_FALSE(box.launcher().seal(box.shell("true")).has_value());
    EXPECT_FALSE(box.launcher().start_command().has_value());
    ASSERT_OK(box.launcher().close_namespace("box"));
}

TEST(Launcher, LetsTheCommandReadTheOperatorsFilesButNotChangeThem) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const std::string policy = box.directory().file("policy.yaml", "allow\n");
    const ScratchDir secrets;
    CommandSpec spec = box.shell("exec > out 2>&1\n"
                                 "try() { \"$@\" && echo DONE: \"$@\"; }\n"
                                 "append() { echo evil >> policy.yaml; }; empty() { : > policy.yaml; }\n"
                                 "echo evil > other; mkdir empty\n"
                                 "try append; try empty; try truncate -s 0 policy.yaml; try rm -f policy.yaml\n"
                                 "try mv policy.yaml gone; try mv -T other policy.yaml; try chmod 0777 policy.yaml\n"
                                 "try ln policy.yaml link; try umount policy.yaml; try mv \"$PWD\" \"$PWD.gone\"\n"
                                 "try cat " + secrets.file("secret", "canary") + "\n"
                                 "cat policy.yaml; ls");
    spec.read_only_paths = {policy, "/etc/passwd", box.directory().path() + "/nosuch"};
    spec.masked_paths = {secrets.path() + "/secret"};
    EXPECT_EQ(box.run(spec), 0);
    const std::string output = content_of(box.directory().path() + "/out");
    EXPECT_THAT(output, Not(HasSubstr("DONE")));
    EXPECT_THAT(output, Not(HasSubstr("canary")));
    EXPECT_THAT(output, ::testing::EndsWith("allow\nempty\nother\nout\npolicy.yaml\n"));
    EXPECT_EQ(content_of(policy), "allow\n");
}

TEST(Launcher, HidesTheHostsOwnSecrets) {
    ASSERT_ROOT();
    Box box;
    ASSERT_EQ(box.error(), "");
    const std::string output = box.output_of(
        "for file in /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/ssh/ssh_host_*_key; do\n"
        "[ -e $file ] && echo found $file; done\n"
        "ls -A /etc/ssl/private /var/lib/docker /var/lib/containerd /var/lib/kubelet 2> /dev/null | grep -v ':$' | grep .\n"
        "getent passwd root | cut -d: -f1; test -s /etc/ssl/certs/ca-certificates.crt && echo certificates");
    EXPECT_THAT(lines(output), ElementsAre("root", "certificates"));
}

TEST(Launcher, PinsANamespaceUntilItIsClosed) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const std::string path = directory.path() + "/pins/box";
    Box box({"box", "", path});
    ASSERT_EQ(box.error(), "");
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_FALSE(box.launcher().open_namespace({"box", "", ""}).has_value()) << "the name is taken";
    directory.file("pins/ca.pem", "");
    ASSERT_OK(box.launcher().close_namespace("box"));
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/pins"));
    EXPECT_FALSE(box.start(box.shell("true")).has_value());
}

TEST(Launcher, RefusesToAttachTheSameNamespaceTwice) {
    ASSERT_ROOT();
    const auto netns = run_in_new_namespace([]() -> Result<void> { return {}; });
    ASSERT_OK(netns);
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(netns->get());
    Box box({"box", path, ""});
    ASSERT_EQ(box.error(), "");
    EXPECT_THAT(box.launcher().open_namespace({"again", path, ""}).error().detail, HasSubstr("already attached as box"));
}

// A process that holds a Box, so that it can be killed; `out` is where its launcher and command write.
struct Daemon {
    pid_t pid = -1;
    UniqueFd out;

    template <class Body>
    explicit Daemon(Body body) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) return;
        out.reset(ends[0]);
        pid = ::fork();
        if (pid != 0) {
            ::close(ends[1]);
            return;
        }
        ::dup2(ends[1], STDERR_FILENO);
        body();
        ::_exit(1);
    }
    void kill() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    // Reads until nobody can write any more: daemon, launcher and command are all gone.
    std::string read_to_end() {
        std::string all;
        char c = 0;
        while (wait_readable(out.get()) && ::read(out.get(), &c, 1) == 1) all += c;
        return all;
    }
    void wait_for_byte() {
        char c = 0;
        EXPECT_TRUE(wait_readable(out.get()) && ::read(out.get(), &c, 1) == 1);
    }
};

TEST(Launcher, TakesEverythingWithItWhenTheDaemonIsKilled) {
    ASSERT_ROOT();
    const auto directory = std::make_shared<const ScratchDir>();
    const std::string pin = directory->path() + "/pins/box";
    Daemon daemon([&] {
        Box box({"box", "", pin}, directory);
        (void)box.start(box.shell("trap '' TERM HUP INT; echo r >&2; setsid sleep 1000 & sleep 1000"));
        ::pause();
    });
    daemon.wait_for_byte();
    EXPECT_TRUE(std::filesystem::exists(pin));
    directory->file("pins/ca.pem", "");
    daemon.kill();
    daemon.read_to_end();
    EXPECT_FALSE(std::filesystem::exists(directory->path() + "/pins"));
}

pid_t only_child_of(pid_t pid) {
    const std::string text = std::to_string(pid);
    std::ifstream file("/proc/" + text + "/task/" + text + "/children");
    pid_t child = -1;
    file >> child;
    return child;
}

TEST(Launcher, TellsTheDaemonWhenItIsKilledItself) {
    ASSERT_ROOT();
    const auto directory = std::make_shared<const ScratchDir>();
    Daemon daemon([&] {
        Box box({"box", "", ""}, directory);
        (void)box.start(box.shell("echo r >&2; sleep 1000"));
        if (!wait_readable(box.launcher().event_fd()) || box.launcher().poll_event().has_value()) ::_exit(2);
        ::_exit(box.launcher().signal_command(SIGTERM).has_value() ? 3 : 0);
    });
    daemon.wait_for_byte();
    ::kill(only_child_of(daemon.pid), SIGKILL);
    EXPECT_THAT(daemon.read_to_end(), Not(HasSubstr("CHECK"))) << "the command has ended too";
    int status = -1;
    ::waitpid(daemon.pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Launcher, LeavesAnAttachedNamespaceClosedWhenKilled) {
    ASSERT_ROOT();
    const Network network;
    const UniqueFd tcp = open_service(network.peer(), SOCK_STREAM);
    ASSERT_EQ(connect_error(network.router(), SOCK_STREAM, "10.78.0.2", port_of(tcp)), 0);
    ASSERT_TRUE(accept_one(tcp));
    const auto directory = std::make_shared<const ScratchDir>();
    Daemon daemon([&] {
        Box box({"box", Network::path(network.router()), ""}, directory);
        if (box.error().empty()) (void)!::write(STDERR_FILENO, "r", 1);
        ::pause();
    });
    daemon.wait_for_byte();
    EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, "10.78.0.2", port_of(tcp)), 0) << "caught by the listener";
    ::kill(only_child_of(daemon.pid), SIGKILL);
    daemon.kill();
    daemon.read_to_end();
    for (const char* address : {"10.78.0.2", "fd78::2"}) {
        EXPECT_EQ(connect_error(network.router(), SOCK_STREAM, address, port_of(tcp)), ECONNREFUSED) << address;
        EXPECT_NE(connect_error(network.inside(), SOCK_STREAM, address, port_of(tcp)), 0) << "forwarded to " << address;
    }
    EXPECT_FALSE(has_visitor(tcp));
    Box again({"box", Network::path(network.router()), ""});
    EXPECT_EQ(again.error(), "") << "after a crash";
}

}  // namespace
}  // namespace sallyport::sandbox
