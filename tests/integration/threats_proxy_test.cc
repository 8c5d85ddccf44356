// Rows X of the threat catalogue: attacking the proxy itself.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <regex>
#include <set>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kRules = R"(
      - { name: post, host: api.acme.example, methods: [POST], credential: other }
      - { name: api, host: api.acme.example, credential: token }
      - { name: open, host: open.acme.example }
      - { name: nowhere, host: nosuch.example, credential: token }
      - { name: closed, host: closed.example, credential: token }
      - { name: expired, host: expired.example, credential: token }
      - { name: private, host: internal.example, credential: token }
)";

class ProxyThreats : public IntegrationTest {
protected:
    // What the program's main process and the launcher it forked are, as the kernel tells.
    static std::string status_field(pid_t pid, const std::string& field) {
        for (const auto& line : lines(read_file("/proc/" + std::to_string(pid) + "/status"))) {
            if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
        }
        return {};
    }
    static long resident_kib(pid_t pid) { return std::stol(status_field(pid, "VmRSS")); }
};

TEST_F(ProxyThreats, X4TheAuthoritysKeyIsNowhereAndEachSandboxHasItsOwn) {
    Guard one(policy(kRules), {.name = "one"});
    Guard two(policy(kRules), {.name = "two"});
    EXPECT_EQ(one.curl({"https://api.acme.example/private"}).out, "welcome\n");
    EXPECT_NE(one.curl({"--cacert", two.ca_bundle_path(), "https://api.acme.example/private"}).code, 0);
    EXPECT_EQ(two.curl({"https://api.acme.example/private"}).out, "welcome\n");
    EXPECT_NE(read_file(one.ca_bundle_path()), read_file(two.ca_bundle_path()));
    for (const char* directory : {"/run", "/srv/world/outside", "/dev/shm"}) {
        for (const auto& file : files_below(directory)) EXPECT_THAT(read_file(file), Not(HasSubstr("PRIVATE KEY"))) << file;
    }
}

TEST_F(ProxyThreats, X4ACommandOfRunFindsNoKey) {
    Finished look = run_in_sandbox(
        policy(kRules), {"sh", "-c",
                         "curl -sS https://api.acme.example/private; grep -rls 'PRIVATE KEY' /run /tmp /dev/shm "
                         "/var/lib/sallyport /var/log/sallyport /etc/sallyport \"$PWD\"; ls /proc | grep -c '^[0-9]'"});
    EXPECT_THAT(look.out, testing::MatchesRegex("welcome\n[0-9]+\n")) << look.all();
}

TEST_F(ProxyThreats, X4ALeafHasOneNameAndServesNothingElse) {
    Guard guard(policy(kRules));
    Finished leaf = guard.shell(
        "openssl s_client -connect api.acme.example:443 -servername api.acme.example </dev/null 2>/dev/null | openssl x509 "
        "-noout -text");
    EXPECT_THAT(leaf.out, HasSubstr("DNS:api.acme.example\n"));
    EXPECT_THAT(leaf.out, Not(HasSubstr("DNS:api.acme.example, ")));
    EXPECT_THAT(leaf.out, HasSubstr("prime256v1"));
    EXPECT_THAT(leaf.out, HasSubstr("TLS Web Server Authentication"));
    EXPECT_THAT(leaf.out, Not(HasSubstr("CA:TRUE")));
}

TEST_F(ProxyThreats, X5ManyDeniedNamesDoNotMakeTheGateGrow) {
    Guard guard(policy(kRules));
    auto flood = [&](const std::string& salt) {
        std::vector<RawCase> cases;
        for (int i = 0; i < 300; ++i) {
            std::string name = "n" + std::to_string(i) + "-" + salt + ".evil.example";
            cases.push_back({.bytes = get("/", name), .host = name, .sni = name});
        }
        return guard.raw_all(cases);
    };
    flood("warm");
    long before = resident_kib(guard.daemon().pid());
    for (const auto& result : flood("measured")) EXPECT_THAT(result.status(), AnyOf(0, 403));
    EXPECT_LT(resident_kib(guard.daemon().pid()) - before, 16 * 1024);
    EXPECT_EQ(guard.curl({"https://api.acme.example/private"}).out, "welcome\n");
}

TEST_F(ProxyThreats, X6TheSecretIsInNoLogMessageOrProcessFile) {
    std::string text = policy(kRules);
    Guard guard(text, {.options = {"--log-format", "json"}});
    const std::string secret(kSecret);
    guard.curl({"https://api.acme.example/private", "https://expired.example/", "https://nosuch.example/",
                "https://closed.example/"});
    guard.curl({"--max-time", "1", "-d", "x", "https://api.acme.example/echo",
                "https://api.acme.example/bad/truncated-chunk", "https://api.acme.example/bad/nothing"});
    guard.access_log(7);
    for (const char* file : {"cmdline", "environ", "comm", "maps", "mountinfo"}) {
        EXPECT_THAT(leaks_in(read_file("/proc/" + std::to_string(guard.daemon().pid()) + "/" + file)), IsEmpty()) << file;
    }
    EXPECT_THAT(world().all_received("api.acme.example"), HasSubstr(secret));
}

// Issue 2, part 2, as the kernel tells it of the process that parses bytes from sandboxes.
TEST_F(ProxyThreats, X6TheParsingProcessHoldsNoPowerAndLeavesNoCore) {
    Guard guard(policy(kRules));
    pid_t pid = guard.daemon().pid();
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
        EXPECT_EQ(status_field(pid, set), "0000000000000000") << set;
    EXPECT_EQ(status_field(pid, "NoNewPrivs"), "1");
    EXPECT_EQ(status_field(pid, "Seccomp"), "2");
    std::string limits = read_file("/proc/" + std::to_string(pid) + "/limits");
    EXPECT_TRUE(std::regex_search(limits, std::regex("Max core file size +0 +0 "))) << limits;
    // Nobody without capabilities may trace a process that is not dumpable; one that is, and holds no more, may be.
    const std::vector<std::string> powerless = {"setpriv", "--bounding-set=-all", "--inh-caps=-all"};
    auto start_powerless = [&](std::vector<std::string> argv) {
        argv.insert(argv.begin(), powerless.begin(), powerless.end());
        return world().start({.argv = argv, .environment = {"MARK=readable"}});
    };
    auto environment_of = [&](pid_t of) { return start_powerless({"cat", "/proc/" + std::to_string(of) + "/environ"}); };
    Process other = start_powerless({"sh", "-c", "echo up; exec tail -f /dev/null"});
    ASSERT_TRUE(wait_for_text(other.out_path(), "up")) << other.err();
    Finished control = finish(environment_of(other.pid()));
    EXPECT_EQ(control.code, 0) << control.err;
    EXPECT_THAT(control.out, HasSubstr("MARK=readable"));
    Finished trace = finish(environment_of(pid));
    EXPECT_NE(trace.code, 0);
    EXPECT_EQ(trace.out, "");
    EXPECT_THAT(trace.err, HasSubstr("Permission denied"));
}

TEST_F(ProxyThreats, X7ErrorBodiesTellNothingOfTheInside) {
    Guard guard(policy(kRules));
    const std::regex body(R"re(\{"error":"\w+","reason":"[^"]+"(,"rule":"[\w\[\]-]+")?,"request_id":"[0-9a-f]{16}"\}\n)re");
    for (const char* url : {"https://nosuch.example/", "https://closed.example/", "https://expired.example/",
                            "https://internal.example/", "https://denied.example/", "https://api.acme.example/bad/nothing",
                            "https://api.acme.example/bad/not-http", "http://api.acme.example/", "http://203.0.113.66/"}) {
        Finished curl = guard.curl({url});
        EXPECT_TRUE(std::regex_match(curl.out, body)) << url << ": " << curl.all();
        EXPECT_FALSE(std::regex_search(
            curl.out, std::regex(R"(\d+\.\d+\.\d+\.\d+|[0-9a-f]*::[0-9a-f]*|/srv|/work|\.yaml|OpenSSL|errno)")))
            << curl.out;
    }
}

// The origin takes the first credential of a connection for the whole connection, as NTLM does.
TEST_F(ProxyThreats, X9UpstreamConnectionsAreSharedByNobody) {
    Guard one(policy(kRules), {.name = "one"});
    Guard two(policy(kRules), {.name = "two"});
    auto ask = [](const Guard& guard, bool post) {
        std::vector<std::string> arguments = {"-H",
                                              std::string("X-Client: ") + (post ? "other" : "token") + "-of-" +
                                                  std::filesystem::path(guard.access_log_path()).stem().string(),
                                              "https://api.acme.example/bound"};
        if (post) arguments.insert(arguments.end(), {"-d", "x"});
        return guard.curl(arguments).out;
    };
    std::set<std::string> by_token, by_other;
    for (int round = 0; round < 3; ++round) {
        for (const Guard* guard : {&one, &two}) {
            by_token.insert(std::regex_replace(ask(*guard, false), std::regex(".*identity\": "), ""));
            by_other.insert(std::regex_replace(ask(*guard, true), std::regex(".*identity\": "), ""));
        }
    }
    EXPECT_EQ(by_token.size(), 1u);
    EXPECT_EQ(by_other.size(), 1u);
    EXPECT_NE(by_token, by_other);
    const std::regex client("X-Client: ([^\r]+)");
    std::size_t connections_reused = 0;
    for (const auto& connection : world().received("api.acme.example")) {
        std::multiset<std::string> clients;
        for (std::sregex_iterator at(connection.begin(), connection.end(), client), end; at != end; ++at)
            clients.insert((*at)[1]);
        EXPECT_LE(std::set<std::string>(clients.begin(), clients.end()).size(), 1u) << connection;
        connections_reused += clients.size() > 1;
    }
    EXPECT_GT(connections_reused, 0u) << "nothing was pooled, so nothing was tested";
}

TEST_F(ProxyThreats, X9ANewGenerationStartsNewConnections) {
    Guard guard(policy(kRules));
    guard.curl({"https://open.acme.example/echo/before"});
    guard.rewrite_policy(policy(kRules + "      - { host: other.acme.example }\n"));
    guard.daemon().signal(SIGHUP);
    ASSERT_TRUE(wait_for_text(guard.daemon().err_path(), "reloaded"));
    guard.curl({"https://open.acme.example/echo/after"});
    for (const auto& connection : world().received("open.acme.example")) {
        EXPECT_FALSE(connection.find("/echo/before") != std::string::npos &&
                     connection.find("/echo/after") != std::string::npos);
    }
}

// X14: what a sandbox sends cannot write a line of its own, or colour an operator's terminal.
TEST_F(ProxyThreats, X14ALogLineIsOneLine) {
    Guard guard(policy(kRules));
    guard.raw_all({{.bytes = get("/x14%0a{%22sandbox%22:%22forged%22}?\x1b[31m\"},{\"")},
                   {.bytes = "GET /x14 HTTP/1.1\r\nHost: \x1b[31m\n{\"sandbox\":\"forged\"}\r\n\r\n"},
                   {.bytes = "G\x1b[31mT /x14\"\\ HTTP/1.1\r\nHost: api.acme.example\r\n\r\n"}});
    auto log = guard.access_log(3);
    EXPECT_EQ(log.size(), 3u);
    for (const auto& line : log) EXPECT_EQ(line["sandbox"], "agent");
    for (unsigned char byte : read_file(guard.access_log_path()))
        EXPECT_TRUE(byte == '\n' || (byte >= 0x20 && byte < 0x7f)) << int(byte);
}

}  // namespace
}  // namespace sallyport::integration
