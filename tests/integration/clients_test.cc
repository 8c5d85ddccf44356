// Programs that people use, in a sandbox made by `sallyport run`, against origins of the fake internet: they work without
// knowing of the proxy, and never see the credential that their requests carry.
#include <gmock/gmock.h>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kRules = R"(
      - { name: api, host: api.acme.example, credential: token }
      - { name: open, host: open.acme.example }
      - { name: git, host: git.acme.example, credential: basic }
      - { name: private-index, host: index.acme.example, paths: ["/site/private/**"], credential: bearer }
      - { name: index, host: index.acme.example }
)";

class Clients : public IntegrationTest {
protected:
    Finished run(const std::vector<std::string>& argv) {
        return run_in_sandbox(policy(kRules), argv, {.directory = directory_, .access_log = access_log_});
    }
    Finished shell(const std::string& script) { return run({"sh", "-ec", "export HOME=\"$PWD\"; " + script}); }
    std::vector<LogLine> access_log() { return parse_access_log(read_file(access_log_)); }
    void make_packages(const char* kind) {
        Network::command(-1, {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/make_packages.py",
                              world().path("internet"), kind});
    }

    std::string directory_ = world().scratch();
    std::string access_log_ = world().outside() + "/" + world().fresh("clients") + ".access";
};

TEST_F(Clients, CurlCallsAPrivateServiceWithACredentialItCannotSee) {
    Finished curl = shell("curl -sS https://api.acme.example/private; curl -sS https://api.acme.example/echo; env");
    EXPECT_EQ(curl.code, 0) << curl.err;
    EXPECT_THAT(curl.out, HasSubstr("welcome\n"));
    EXPECT_THAT(curl.out, HasSubstr("\"authorised\": true"));
    EXPECT_THAT(world().all_received("api.acme.example"), HasSubstr("X-Auth-Token: " + std::string(kSecret) + "\r\n"));
    auto log = access_log();
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0]["credential"], "token");
    EXPECT_EQ(log[0]["rule"], "api");
    EXPECT_EQ(log[0]["verdict"], "allow");
}

TEST_F(Clients, ADeniedHostIsAnsweredWithTheDocumentedJson) {
    Finished curl = shell("curl -sS -D - https://denied.example/x");
    EXPECT_THAT(curl.out, HasSubstr("HTTP/1.1 403 "));
    EXPECT_THAT(curl.out, HasSubstr("x-sallyport-verdict: deny"));
    EXPECT_THAT(curl.out, HasSubstr("{\"error\":\"denied\",\"reason\":"));
    EXPECT_THAT(curl.out, HasSubstr("\"request_id\":"));
    EXPECT_THAT(world().received("denied.example"), IsEmpty());
    ASSERT_EQ(access_log().size(), 1u);
    EXPECT_EQ(access_log()[0]["verdict"], "deny");
    EXPECT_EQ(access_log()[0]["error"], "denied");
}

TEST_F(Clients, CurlDownloadsAndUploadsWithoutALostByte) {
    Finished curl = shell(
        "curl -sS 'https://open.acme.example/big?bytes=50000001' >big; wc -c <big; sha256sum <big | cut -c1-64;"
        "curl -sS -T big https://open.acme.example/upload; curl -sS -T - https://open.acme.example/upload <big; rm big");
    auto result = lines(curl.out);
    ASSERT_EQ(result.size(), 4u) << curl.err;
    EXPECT_EQ(result[0], "50000001");
    EXPECT_EQ(result[2], "{\"sha256\": \"" + result[1] + "\", \"bytes\": 50000001}");
    EXPECT_EQ(result[3], result[2]);
}

TEST_F(Clients, CurlSpeaksTheCornersOfHttp) {
    const std::pair<const char*, const char*> cases[] = {
        {"-I https://open.acme.example/head", "Content-Length: 1234"},
        {"-r 250-259 -o /dev/null -w '%{http_code} %{size_download}' 'https://open.acme.example/big?bytes=1000'", "206 10"},
        {"-H 'Expect: 100-continue' -d hello https://open.acme.example/100", "{\"body_bytes\": 5}"},
        {"https://open.acme.example/chunked", "one two three\n"},
        {"https://open.acme.example/close", "until the end\n"},
        {"https://open.acme.example/trailers", "body\n"},
        {"-D - https://open.acme.example/early", "after the hints\n"},
        {"-w '%{http_code}' https://open.acme.example/204", "204"},
        {"-w '%{http_code}' -D - https://open.acme.example/304", "ETag: \"one\""},
        {"-X DELETE https://open.acme.example/echo", "\"method\": \"DELETE\""},
        {"http://open.acme.example/echo", "\"scheme\": \"http\""},
        {"--http1.0 https://open.acme.example/chunked", "one two three\n"},
    };
    std::string script;
    for (const auto& [arguments, expected] : cases) script += std::string("curl -sS ") + arguments + "; echo '~'; ";
    Finished curl = shell(script);
    std::string rest = curl.out;
    for (const auto& [arguments, expected] : cases) {
        auto end = rest.find("~\n");
        ASSERT_NE(end, std::string::npos) << arguments << curl.err;
        EXPECT_THAT(rest.substr(0, end), HasSubstr(expected)) << arguments;
        rest.erase(0, end + 2);
    }
    EXPECT_EQ(curl.err, "");
    EXPECT_EQ(access_log().size(), std::size(cases));
}

TEST_F(Clients, CurlReachesAnOriginThatHasOnlyIpv6) {
    Finished curl = run_in_sandbox(policy("      - { host: v6.acme.example, credential: token }\n"),
                                   {"curl", "-sS", "https://v6.acme.example/private"});
    EXPECT_EQ(curl.out, "welcome\n") << curl.err;
}

TEST_F(Clients, WgetDownloads) {
    Finished wget = shell("wget -q -O - https://api.acme.example/private");
    EXPECT_EQ(wget.out, "welcome\n") << wget.err;
}

TEST_F(Clients, GitClonesAndPushesWithoutAPassword) {
    make_packages("git");
    Finished git = shell(
        "git clone -q https://git.acme.example/git/repo.git; cd repo; cat README; echo more >MORE; git add MORE;"
        "git -c user.name=A -c user.email=a@acme.example commit -q -m second; git push -q origin main;"
        "git ls-remote origin main | cut -f1; git rev-parse main; git config --list");
    auto result = lines(git.out);
    ASSERT_GE(result.size(), 3u) << git.err;
    EXPECT_EQ(git.code, 0) << git.err;
    EXPECT_EQ(result[0], "tiny from git");
    EXPECT_EQ(result[1], result[2]);
    EXPECT_EQ(Network::command(-1, {"git", "-C", world().path("internet/git/repo.git"), "rev-parse", "main"}),
              result[2] + "\n");
}

TEST_F(Clients, NodeFetches) {
    write_file(directory_ + "/fetch.mjs", R"(
const got = await fetch("https://api.acme.example/private");
console.log(got.status, (await got.text()).trim());
const sent = await fetch("https://open.acme.example/upload", { method: "POST", body: "x".repeat(100000) });
console.log((await sent.json()).bytes);
const denied = await fetch("https://denied.example/");
console.log(denied.status, (await denied.json()).error, denied.headers.get("x-sallyport-verdict"));
)");
    Finished node = shell("node fetch.mjs");
    EXPECT_EQ(node.out, "200 welcome\n100000\n403 denied deny\n") << node.err;
}

TEST_F(Clients, PythonUrllibAndRequestsFetch) {
    write_file(directory_ + "/fetch.py", R"(
import json, urllib.error, urllib.request
import requests
print(urllib.request.urlopen("https://api.acme.example/private").read().decode().strip())
session = requests.Session()
print(session.get("https://api.acme.example/private").text.strip())
print(session.post("https://open.acme.example/upload", data=(b"ab" for _ in range(1000))).json()["bytes"])
print(session.get("https://denied.example/").json()["error"])
)");
    Finished python = shell("/usr/bin/python3 fetch.py");
    EXPECT_EQ(python.out, "welcome\nwelcome\n2000\ndenied\n") << python.err;
}

TEST_F(Clients, PipInstallsFromAPrivateIndex) {
    make_packages("pip");
    Finished pip = shell(
        "/usr/bin/python3 -m pip -q --disable-pip-version-check --no-cache-dir install --target lib "
        "--index-url https://index.acme.example/site/private/simple/ tinypkg;"
        "PYTHONPATH=lib /usr/bin/python3 -c 'import tinypkg; print(tinypkg.words)'");
    EXPECT_EQ(pip.out, "tiny from pip\n") << pip.err;
}

TEST_F(Clients, NpmInstallsFromARegistry) {
    make_packages("npm");
    Finished npm = shell(
        "npm install --registry=https://index.acme.example/site/npm/ --cache=cache --no-audit --no-fund "
        "--no-update-notifier "
        "tinypkg >npm.log 2>&1 || cat npm.log; node -p 'require(\"tinypkg\")'");
    EXPECT_EQ(npm.out, "tiny from npm\n") << npm.err;
}

TEST_F(Clients, AptUpdatesAndDownloadsOverPlainHttp) {
    make_packages("apt");
    write_file(directory_ + "/sources.list", "deb [trusted=yes] http://open.acme.example/site/apt ./\n");
    write_file(directory_ + "/apt.conf", "Dir::Etc::sourcelist \"" + directory_ +
                                             "/sources.list\";\nDir::Etc::sourceparts \"-\";\n" + "Dir::State \"" +
                                             directory_ + "/state\";\nDir::Cache \"" + directory_ + "/cache\";\n" +
                                             "Dir::State::status \"" + directory_ + "/state/status\";\n" +
                                             "APT::Sandbox::User \"root\";\nAPT::Update::Error-Mode \"any\";\n");
    Finished apt = shell(
        "mkdir -p state/lists/partial cache/archives/partial; touch state/status; export APT_CONFIG=\"$PWD/apt.conf\";"
        "apt-get update >apt.log 2>&1 || cat apt.log; apt-get download tinypkg >>apt.log 2>&1 || cat apt.log;"
        "dpkg-deb -f tinypkg_1.0.0_all.deb Description");
    EXPECT_EQ(apt.out, "tiny from apt\n") << apt.err;
    EXPECT_THAT(world().received("open.acme.example", 80), Not(IsEmpty()));
}

// What the secret would have to be hidden in: the environment of every process that the sandbox can see, its files, the
// file that the secret comes from, and the daemon's own.
TEST_F(Clients, TheSandboxHoldsNothingOfTheSecret) {
    Finished look = run_in_sandbox(
        policy("      - { host: api.acme.example, credential: token }\n"),
        {"sh", "-c",
         "curl -sS https://api.acme.example/private; env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n';"
         "cat " +
             world().path("secrets/token") + "; ls -la " + world().path("secrets") +
             "; find /run /tmp /dev/shm . -type f 2>/dev/null | xargs -r cat; mount"},
        {.environment = {"VCS_TOKEN=" + std::string(kSecret)}, .directory = directory_});
    EXPECT_THAT(look.out, HasSubstr("welcome\n"));
    EXPECT_THAT(leaks_in(look.all()), IsEmpty());
}

TEST_F(Clients, ASecretFromTheDaemonsEnvironmentIsInjectedAndNotInherited) {
    Finished look = run_in_sandbox(policy("      - { host: api.acme.example, credential: token }\n", "{ env: VCS_TOKEN }"),
                                   {"sh", "-c", "curl -sS https://api.acme.example/private; cat /proc/*/environ"},
                                   {.environment = {"VCS_TOKEN=" + std::string(kSecret)}, .directory = directory_});
    EXPECT_THAT(look.out, HasSubstr("welcome\n")) << look.err;
    EXPECT_THAT(look.out, Not(HasSubstr("VCS_TOKEN")));
}

// The spelling and order of a client's header fields survive; hop-by-hop fields do not.
TEST_F(Clients, TheOriginSeesTheClientsHeadersAsTheyWereWritten) {
    Finished curl = shell(
        "curl -sS -o /dev/null -A tester -H 'x-lower-Case: One' -H 'Accept: */*' -H 'X-UPPER: two' -H 'Connection: "
        "x-private' "
        "-H 'X-Private: gone' https://open.acme.example/echo/order");
    ASSERT_EQ(curl.code, 0) << curl.err;
    auto received = world().all_received("open.acme.example");
    EXPECT_THAT(received, HasSubstr("GET /echo/order HTTP/1.1\r\nHost: open.acme.example\r\nUser-Agent: tester\r\n"));
    EXPECT_THAT(received, HasSubstr("x-lower-Case: One\r\nAccept: */*\r\nX-UPPER: two\r\n"));
    EXPECT_THAT(received, Not(HasSubstr("X-Private")));
}

}  // namespace
}  // namespace sallyport::integration
