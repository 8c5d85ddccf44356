// The explicit proxy of a deployment, with the programs that people tell of a proxy, on the host, where no namespace leads them
// to the gate.
#include <gmock/gmock.h>

#include "files.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string deployment() {
    return policy(R"(
      - { name: api, host: api.acme.example, credential: token }
      - { name: open, host: open.acme.example }
      - { name: git, host: git.acme.example, credential: basic }
      - { name: mixed, host: mixed.example }
)") + "  tight: { rules: [ { name: other, host: other.acme.example } ] }\n"
      "sandboxes:\n  ci: { policy: agent, namespace: false }\n  two: { policy: tight, namespace: false }\n  boxed: { policy: agent }\n"
      "proxy: { listen: [ run/proxy.sock, \"127.0.0.1:0\" ] }\n";
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const std::size_t at = text.find(before);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + before.size();
    return text.substr(begin, text.find(after, begin) - begin);
}

class ExplicitProxy : public IntegrationTest {
protected:
    struct Credential {
        std::string name;
        std::string password;
        std::string http;    // URLs
        std::string socks5;
        std::string address() const { return http.substr(http.find('@') + 1); }
    };

    void TearDown() override {
        for (const std::string& path : {served.access_log_path(), served.audit_log_path()}) {
            for (const std::string& password : passwords_) EXPECT_THAT(read_file(path), Not(HasSubstr(password))) << path;
        }
        for (const std::string& password : passwords_) EXPECT_THAT(served.messages(), Not(HasSubstr(password)));
        for (const char* host : {"api.acme.example", "open.acme.example", "git.acme.example"}) {
            EXPECT_THAT(seen_by(host), Not(HasSubstr("roxy-"))) << "what is the proxy's goes to nobody";
        }
        IntegrationTest::TearDown();
    }

    Credential make(const std::string& sandbox = "ci") {
        const Answer made = served.call("POST", "/v1/sandbox/" + sandbox + "/proxy_credential");
        EXPECT_EQ(made.status, 200) << made.body;
        Credential credential{sandbox, between(made.body, "\"password\":\"", "\""), between(made.body, "\"http\":[\"", "\""),
                              between(made.body, "\"socks5\":[\"", "\"")};
        EXPECT_EQ(credential.password.size(), 64u) << made.body;
        passwords_.push_back(credential.password);
        return credential;
    }
    Finished client(std::vector<std::string> argv, std::vector<std::string> environment = {}, const std::string& sandbox = "ci") {
        for (const std::string& line : lines(read_file(served.runtime() + "/" + sandbox + "/env"))) environment.push_back(line);
        return finish(world().start({.argv = std::move(argv), .environment = std::move(environment), .working_directory = world().scratch()}));
    }
    Finished curl(const std::string& proxy, std::vector<std::string> arguments, const std::string& sandbox = "ci") {
        std::vector<std::string> argv = {"curl", "-sS", "--max-time", "50", "--proxy", proxy};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return client(std::move(argv), {}, sandbox);
    }
    // Says the bytes that the script's `said` holds to the proxy, and prints what comes until it closes, as Python writes it.
    std::string say(const Credential& credential, const std::string& said) {
        const std::string script = R"(
import socket, sys, base64
host, port = sys.argv[1].rsplit(":", 1)
user, password = sys.argv[2].encode(), sys.argv[3].encode()
basic = b"Proxy-Authorization: Basic " + base64.b64encode(user + b":" + password) + b"\r\n"
login = b"\x05\x01\x02\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password
connection = socket.create_connection((host, int(port)))
connection.sendall()" + said + R"()
got = b""
while True:
    piece = connection.recv(65536)
    if not piece: break
    got += piece
print(got)
)";
        return client({"/usr/bin/python3", "-c", script, credential.address(), credential.name, credential.password}).out;
    }

    Served served{deployment()};

private:
    std::vector<std::string> passwords_;
};

TEST_F(ExplicitProxy, CurlCallsAPrivateServiceWithACredentialThatItCannotSee) {
    const Credential ci = make();
    const Finished finished = curl(ci.http, {"https://api.acme.example/private", "https://api.acme.example/echo"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("welcome\n"));
    EXPECT_THAT(finished.out, HasSubstr("\"authorised\": true"));
    EXPECT_THAT(world().all_received("api.acme.example"), HasSubstr("X-Auth-Token: " + std::string(kSecret) + "\r\n"));
    const auto log = served.access_log(2);
    ASSERT_EQ(log.size(), 2u) << "a line for each request, and none for the tunnel";
    for (const LogLine& line : log) {
        EXPECT_EQ(line["sandbox"], "ci");
        EXPECT_EQ(line["rule"], "api");
        EXPECT_EQ(line["credential"], "token");
    }
}

TEST_F(ExplicitProxy, CurlAsksForWholeUrls) {
    const Credential ci = make();
    const Finished finished = curl(ci.http, {"http://open.acme.example/echo"});
    EXPECT_THAT(finished.out, HasSubstr("\"scheme\": \"http\"")) << finished.err;
    EXPECT_THAT(curl(ci.http, {"http://api.acme.example/private"}).out, HasSubstr("cleartext_credential"));
    const std::string https = say(ci, R"(b"GET https://api.acme.example/private HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + basic + b"\r\n")");
    EXPECT_THAT(https, HasSubstr("welcome")) << "https in a whole URL is TLS from the gate to the origin";
    EXPECT_EQ(served.access_log(3).size(), 3u);
}

TEST_F(ExplicitProxy, CurlBySocks5OverLoopbackAndAUnixSocket) {
    const Credential ci = make();
    EXPECT_EQ(curl(ci.socks5, {"https://api.acme.example/private"}).out, "welcome\n");
    EXPECT_EQ(curl(ci.socks5, {"-o", "/dev/null", "-w", "%{http_code}", "http://open.acme.example/204"}).out, "204");
    const std::string by_unix = "socks5h://" + ci.name + ":" + ci.password + "@localhost" + served.runtime() + "/proxy.sock";
    const Finished finished = curl(by_unix, {"https://api.acme.example/private"});
    EXPECT_EQ(finished.out, "welcome\n") << finished.err;
    EXPECT_EQ(served.access_log(3).size(), 3u);
}

TEST_F(ExplicitProxy, PythonRequestsGitAndNode) {
    const Credential ci = make();
    const std::vector<std::string> environment = {"http_proxy=" + ci.http, "https_proxy=" + ci.http, "HTTPS_PROXY=" + ci.http};
    const Finished python = client({"/usr/bin/python3", "-c", R"(
import requests
session = requests.Session()
print(session.get("https://api.acme.example/private").text, session.get("http://open.acme.example/204").status_code)
)"}, environment);
    EXPECT_EQ(python.out, "welcome\n 204\n") << python.err;
    Network::command(-1, {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/make_packages.py", world().path("internet"), "git"});
    const Finished git = client({"git", "-c", "http.proxy=" + ci.http, "clone", "-q", "https://git.acme.example/git/repo.git"});
    EXPECT_EQ(git.code, 0) << git.err;
    const Finished node = client({"node", "-e", R"(
const http = require("http"), tls = require("tls"), proxy = new URL(process.env.https_proxy);
const login = "Basic " + Buffer.from(proxy.username + ":" + proxy.password).toString("base64");
http.request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: "api.acme.example:443", headers: { "Proxy-Authorization": login } })
  .on("connect", (answer, socket) => {
    const secure = tls.connect({ socket, servername: "api.acme.example" }, () => secure.write("GET /private HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n\r\n"));
    secure.on("data", (piece) => process.stdout.write(piece));
  }).end();
)"}, environment);
    EXPECT_THAT(node.out, HasSubstr("welcome\n")) << node.err;
}

TEST_F(ExplicitProxy, X3_WhoHasNoPasswordThatIsRightGetsNothing) {
    const Credential ci = make();
    const auto code_with = [&](const std::string& login) {
        return curl("http://" + login + ci.address(), {"-o", "/dev/null", "-w", "%{http_connect}", "https://open.acme.example/204"}).out;
    };
    EXPECT_EQ(code_with(""), "407");
    EXPECT_EQ(code_with("ci:wrong@"), "407");
    EXPECT_EQ(code_with("boxed:" + ci.password + "@"), "407");
    EXPECT_EQ(code_with("nobody:" + ci.password + "@"), "407");
    EXPECT_EQ(code_with("ci:" + ci.password + "@"), "200");
    const Finished socks = curl("socks5h://ci:wrong@" + ci.address(), {"https://open.acme.example/204"});
    EXPECT_NE(socks.code, 0);
    const std::string none = say(ci, R"(b"\x05\x01\x00")");
    EXPECT_EQ(none, "b'\\x05\\xff'\n");
    const auto log = served.access_log(7);
    EXPECT_EQ(log.size(), 7u);
    for (const LogLine& line : log) {
        if (line["status"] == "204") continue;
        EXPECT_EQ(line["error"], "proxy_authentication");
        EXPECT_EQ(line["sandbox"], "");
        EXPECT_EQ(line["host"], "");
    }
}

TEST_F(ExplicitProxy, X3_APasswordIsOneSandboxsAndGivesItsPolicyAlone) {
    const Credential ci = make(), two = make("two"), boxed = make("boxed");
    EXPECT_EQ(curl(two.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://api.acme.example/private"}, "two").out, "403");
    EXPECT_EQ(curl(two.http, {"-o", "/dev/null", "-w", "%{http_code}", "https://other.acme.example/204"}, "two").out, "204");
    EXPECT_EQ(curl(ci.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://other.acme.example/204"}).out, "403");
    EXPECT_EQ(curl(boxed.http, {"https://api.acme.example/private"}, "boxed").out, "welcome\n") << "beside its namespace";
    EXPECT_EQ(served.curl_in("boxed", {"https://api.acme.example/private"}).out, "welcome\n");
    EXPECT_NE(served.curl_in("boxed", {"--noproxy", "*", "http://" + ci.address() + "/"}).code, 0) << "no namespace leads there";
}

TEST_F(ExplicitProxy, P20_ARevokedPasswordIsNoneAndWhatRunsByItIsCut) {
    const Credential ci = make();
    world().make_gate("explicit");
    Process running = world().start({.argv = {"curl", "-sSN", "--max-time", "50", "--proxy", ci.http, "-k", "https://open.acme.example/slow?gate=explicit"}});
    ASSERT_TRUE(wait_for_text(running.out_path(), "half")) << running.err();
    EXPECT_EQ(served.sallyport({"proxy", "revoke", "ci", "--socket", served.socket()}).code, 0);
    EXPECT_NE(running.wait(), 0) << "cut, although its origin has not gone on";
    world().open_gate("explicit");
    EXPECT_EQ(curl(ci.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://open.acme.example/204"}).out, "407");
    EXPECT_EQ(served.call("DELETE", "/v1/sandbox/ci/proxy_credential").status, 404);
    const Finished made = served.sallyport({"proxy", "credential", "ci", "--socket", served.socket()});
    const std::string url = between(made.out, "\"http\": [\n    \"", "\"");
    EXPECT_EQ(curl(url, {"-o", "/dev/null", "-w", "%{http_code}", "https://open.acme.example/204"}).out, "204") << made.out;
    const Credential again = make();
    EXPECT_EQ(curl(url, {"-o", "/dev/null", "-w", "%{http_connect}", "https://open.acme.example/204"}).out, "407") << "the later one took its place";
    EXPECT_EQ(curl(again.http, {"-o", "/dev/null", "-w", "%{http_code}", "https://open.acme.example/204"}).out, "204");
}

TEST_F(ExplicitProxy, ANewLifeOfTheGateKnowsNoEarlierPassword) {
    const Credential ci = make();
    served.kill_and_start_again();
    const Credential two = make("two");  // the port is another one
    EXPECT_EQ(curl("http://ci:" + ci.password + "@" + two.address(), {"-o", "/dev/null", "-w", "%{http_connect}", "https://open.acme.example/204"}).out, "407");
}

TEST_F(ExplicitProxy, WhatIsNoConnectByNameIsRefused) {
    const Credential ci = make();
    const std::string accepted = "\\x05\\x02\\x01\\x00";
    const std::string nothing = "\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00";
    for (const char* command : {"\\x02", "\\x03"}) {
        EXPECT_THAT(say(ci, std::string("login + b\"\\x05") + command + R"(\x00\x03\x11open.acme.example\x01\xbb")"), HasSubstr(accepted + "\\x05\\x07" + nothing)) << command;
    }
    EXPECT_THAT(say(ci, R"(login + b"\x05\x01\x00\x01\xcb\x00\x71\x14\x01\xbb")"), HasSubstr(accepted + "\\x05\\x02" + nothing)) << "a literal";
    EXPECT_EQ(curl(ci.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://203.0.113.20/"}).out, "403");
    EXPECT_EQ(curl(ci.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://127.0.0.1/"}).out, "403");
    EXPECT_EQ(curl(ci.http, {"-o", "/dev/null", "-w", "%{http_connect}", "https://nowhere.example/"}).out, "403");
    EXPECT_THAT(curl(ci.http, {"http://mixed.example/d9"}).out, HasSubstr("private_address"));
    EXPECT_THAT(say(ci, R"(b"GET / HTTP/1.1\r\nHost: open.acme.example\r\nConnection: close\r\n" + basic + b"\r\n")"), HasSubstr("HTTP/1.1 400 "));
    const auto log = served.access_log(8);
    EXPECT_EQ(log.size(), 8u);
    for (const LogLine& line : log) EXPECT_EQ(line["sandbox"], "ci") << line["error"];
}

TEST_F(ExplicitProxy, ListensNowhereElse) {
    const Served refused("version: 1\npolicies: { a: { default: deny } }\nproxy: { listen: \"0.0.0.0:3128\" }\n", {.may_be_refused = true});
    EXPECT_FALSE(refused.is_ready());
    EXPECT_THAT(refused.messages(), HasSubstr("policy.yaml:3:18: error: \"0.0.0.0:3128\" is not a loopback address"));
}

}  // namespace
}  // namespace sallyport::integration
