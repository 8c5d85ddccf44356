// The admin API of a running deployment, by curl; what it changes, as sandboxes feel it; and what outlives a daemon.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string deployment(const std::string& more = {}) {
    return policy(kApiAndOpen) + "  tight: { default: deny }\nsandboxes:\n  one: { policy: agent, params: { tenant: acme } }\n"
                                 "  two: { policy: agent }\n" + more;
}

class Admin : public IntegrationTest {
protected:
    static std::string fetch(const Served& served, const std::string& url, const std::string& sandbox = "one") {
        return served.curl_in(sandbox, {"-o", "/dev/null", "-w", "%{http_code}", url}).out;
    }
};

TEST_F(Admin, APolicyIsReplacedAndComesBack) {
    Served served(deployment());
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    const Answer before = served.call("GET", "/v1/policies/agent");
    EXPECT_EQ(before.status, 200);
    EXPECT_THAT(before.body, HasSubstr("api.acme.example"));
    const Answer put = served.call("PUT", "/v1/policies/agent", R"({"rules": [{"name": "only", "host": "other.acme.example"}]})");
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_NE(put.etag, before.etag);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "403");
    EXPECT_EQ(fetch(served, "https://other.acme.example/204"), "204");
    EXPECT_EQ(served.call("PUT", "/v1/policies/agent", R"({"default": "allow"})", {"If-Match: \"" + before.etag + "\""}).status, 412);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "403");
    EXPECT_EQ(served.call("DELETE", "/v1/policies/agent", {}, {"If-Match: \"" + put.etag + "\""}).status, 204);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204") << "the file's policy again";
    EXPECT_EQ(served.call("GET", "/v1/policies/agent").body, before.body);
}

TEST_F(Admin, APolicyThatIsNotValidAnswersWhatTheFileWould) {
    const Served served(deployment());
    const Answer put = served.call("PUT", "/v1/policies/agent", R"({"rules": [{"hosts": "x.example"}]})");
    EXPECT_EQ(put.status, 422);
    EXPECT_THAT(put.body, HasSubstr("did you mean \\\"host\\\"?"));
    EXPECT_THAT(put.body, HasSubstr("\"line\""));
    EXPECT_EQ(served.call("PUT", "/v1/policies/agent", "{").status, 400);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
}

TEST_F(Admin, ASandboxsOwnRulesComeFirstAndADenyInEitherWins) {
    const Served served(deployment());
    EXPECT_EQ(fetch(served, "https://other.acme.example/204"), "403");
    const Answer put = served.call("PUT", "/v1/sandbox/one/egress",
                                   R"({"rules": [{"host": "other.acme.example"}, {"host": "open.acme.example", "deny": true}]})");
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(fetch(served, "https://other.acme.example/204"), "204");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "403");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204", "two"), "204");
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress", R"({"policy": "tight"})").status, 200);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "403");
    EXPECT_EQ(served.call("DELETE", "/v1/sandbox/one/egress").status, 204);
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    EXPECT_EQ(fetch(served, "https://other.acme.example/204"), "403");
    EXPECT_EQ(served.call("GET", "/v1/sandbox/nosuch/egress").status, 404);
}

TEST_F(Admin, WhatWasSetOutlivesAKill) {
    Served served(deployment());
    ASSERT_EQ(served.call("PUT", "/v1/sandbox/one/egress", R"({"rules": [{"host": "other.acme.example"}]})").status, 200);
    const Answer put = served.call("PUT", "/v1/policies/tight", R"({"rules": [{"host": "open.acme.example"}]})");
    ASSERT_EQ(put.status, 200);
    served.kill_and_start_again();
    EXPECT_EQ(fetch(served, "https://other.acme.example/204"), "204");
    const Answer again = served.call("GET", "/v1/policies/tight");
    EXPECT_EQ(again.etag, put.etag);
    EXPECT_EQ(again.body, put.body);
}

TEST_F(Admin, ExplainSaysWhatTheGateDoes) {
    const Served served(deployment());
    const Answer allowed = served.call("POST", "/v1/explain", R"({"sandbox": "one", "method": "GET", "url": "https://api.acme.example/x"})");
    EXPECT_EQ(allowed.status, 200);
    for (const char* part : {"\"allowed\":true", "\"rule\":\"api\"", "\"credential\":\"token\"", "policy.yaml\"", "\"line\":"}) {
        EXPECT_THAT(allowed.body, HasSubstr(part));
    }
    EXPECT_THAT(allowed.body, Not(HasSubstr(std::string(kSecret))));
    const Answer denied = served.call("POST", "/v1/explain", R"({"sandbox": "one", "url": "https://evil.example/"})");
    EXPECT_THAT(denied.body, HasSubstr("\"allowed\":false"));
    EXPECT_EQ(served.call("POST", "/v1/explain", R"({"sandbox": "nosuch", "url": "https://evil.example/"})").status, 404);
    EXPECT_EQ(served.sallyport({"explain", "--socket", served.socket(), "--sandbox", "one", "GET", "https://api.acme.example/x"}).code, 0);
    EXPECT_EQ(served.sallyport({"explain", "--socket", served.socket(), "--sandbox", "one", "https://evil.example/"}).code, 1);
    EXPECT_EQ(served.sallyport({"explain", served.directory() + "/policy.yaml", "--sandbox", "one", "https://api.acme.example/x"}).code, 0);
}

TEST_F(Admin, SecretsAreNamesAndAgesNeverValues) {
    const Served served(deployment());
    const Answer list = served.call("GET", "/v1/secrets");
    EXPECT_EQ(list.status, 200);
    EXPECT_THAT(list.body, HasSubstr("\"name\":\"token\""));
    EXPECT_THAT(list.body, Not(HasSubstr(std::string(kSecret))));
    EXPECT_EQ(served.call("POST", "/v1/secrets/token/refresh").status, 200);
    EXPECT_EQ(served.call("POST", "/v1/secrets/nosuch/refresh").status, 404);
}

TEST_F(Admin, ConnectionsAreListedAndCut) {
    const Served served(deployment());
    world().make_gate("cut");
    Process download = served.start_in("one", {.argv = {"curl", "-sS", "-N", "--max-time", "50", "https://open.acme.example/slow?gate=cut"}});
    ASSERT_TRUE(wait_for_text(download.out_path(), "half "));
    const Answer list = served.call("GET", "/v1/connections");
    EXPECT_THAT(list.body, HasSubstr("\"host\":\"open.acme.example\""));
    const std::size_t id = list.body.find("\"id\":\"") + 6;
    const std::string name = list.body.substr(id, list.body.find('"', id) - id);
    EXPECT_EQ(served.call("DELETE", "/v1/connections/" + name).status, 204);
    EXPECT_NE(download.wait(), 0);
    EXPECT_EQ(served.call("DELETE", "/v1/connections/" + name).status, 404);
    world().open_gate("cut");
}

TEST_F(Admin, EventsTellOfRequestsAndChanges) {
    const Served served(deployment());
    Process events = world().start({.argv = {SALLYPORT_PROGRAM, "tail", "--socket", served.socket()}});
    // The first event that arrives shows that it listens.
    for (int i = 0; i < 50 && events.out().empty(); ++i) served.call("POST", "/v1/secrets/token/refresh");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    EXPECT_TRUE(wait_for_text(events.out_path(), "open.acme.example")) << events.out() << events.err();
    EXPECT_EQ(served.call("PUT", "/v1/policies/tight", R"({"default": "deny"})").status, 200);
    EXPECT_TRUE(wait_for_text(events.out_path(), "put_policy")) << events.out();
}

TEST_F(Admin, MetricsAndHealthAreThere) {
    const Served served(deployment());
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    EXPECT_EQ(fetch(served, "https://evil.example/"), "403");
    const Answer metrics = served.call("GET", "/metrics");
    EXPECT_THAT(metrics.body, HasSubstr("# TYPE "));
    EXPECT_THAT(metrics.body, HasSubstr("sallyport_sandboxes 2"));
    EXPECT_THAT(metrics.body, Not(HasSubstr("evil.example")));
    EXPECT_EQ(served.call("GET", "/healthz").status, 200);
    EXPECT_EQ(served.call("GET", "/readyz").status, 200);
    EXPECT_THAT(served.call("GET", "/openapi.json").body, HasSubstr("\"openapi\""));
}

// Every way that a sandbox could try: its own loopback, the listeners' ports, names and addresses of the host, the path.
TEST_F(Admin, X1_NoSandboxReachesTheAdminApi) {
    World& world = World::get();
    const std::string directory = world.scratch();
    const Finished made = finish(world.start({.argv = {"sh", "-c", "cd " + directory + " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null && head -c 24 /dev/urandom | base64 > token"}}));
    ASSERT_EQ(made.code, 0) << made.err;
    const Served served("admin:\n  listen: \"127.0.0.1:8443\"\n  certificate: " + directory + "/cert.pem\n  key: " + directory +
                        "/key.pem\n  callers:\n    ci: { token_file: " + directory + "/token }\n" + deployment());
    const std::string token = lines(read_file(directory + "/token"))[0];
    const auto over_tcp = [&](std::vector<std::string> more) {
        std::vector<std::string> argv = {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", directory + "/cert.pem", "https://localhost:8443/v1/policies"};
        argv.insert(argv.end(), more.begin(), more.end());
        return finish(world.start({.argv = argv})).out;
    };
    EXPECT_EQ(over_tcp({"-H", "Authorization: Bearer " + token}), "200");
    EXPECT_EQ(over_tcp({}), "401");
    EXPECT_EQ(over_tcp({"-H", "Authorization: Bearer wrong-wrong-wrong-wrong"}), "401");
    EXPECT_EQ(over_tcp({"-H", "Authorization: Bearer " + token, "-H", "Origin: https://evil.example"}), "403");
    const Finished scan = served.run_in("one", {"/usr/bin/python3", "-c", R"(
import socket, os, sys
hosts = ['127.0.0.1', '::1', 'localhost', '127.0.0.53', '192.0.2.2', '10.0.0.1', '169.254.169.254', '0.0.0.0', 'hostself.example', 'admin.sallyport', 'sallyport']
for host in hosts:
    for port in (80, 443, 8443):
        try:
            s = socket.create_connection((host, port), 10)
        except OSError:
            continue
        try:
            s.settimeout(10)
            s.sendall(b'GET /v1/policies HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' % host.encode())
            answer = s.recv(4096)
        except OSError:
            answer = b''
        if b'policies' in answer or b'"code"' in answer: print('reached', host, port, answer)
print('done')
)"});
    EXPECT_EQ(scan.out, "done\n") << scan.err;
}

TEST_F(Admin, X2_ACallerSeesItsOwnSandboxesOnly) {
    const Served served("admin:\n  callers:\n    tenant: { uid: 65534, sandboxes: [one] }\n" + deployment());
    // The socket is found by nobody, too: 65534.
    finish(world().start({.argv = {"chmod", "a+rx", served.runtime(), served.directory(), world().outside(), world().directory()}}));
    const auto as_tenant = [&](const std::string& method, const std::string& target, const std::string& body) {
        return finish(world().start({.argv = {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                                              "-X", method, "-H", "Content-Type: application/json", "-d", body, "--unix-socket", served.socket(), "http://localhost" + target}}))
            .all();
    };
    const auto get = [&](const std::string& target) { return as_tenant("GET", target, ""); };
    EXPECT_EQ(get("/v1/sandbox/one/egress"), "200");
    EXPECT_EQ(get("/v1/sandbox/two/egress"), "404");
    EXPECT_EQ(get("/v1/sandbox/nosuch/egress"), "404");
    EXPECT_EQ(get("/v1/policies"), "403");
    EXPECT_EQ(get("/v1/secrets"), "403");
    EXPECT_EQ(as_tenant("PUT", "/v1/sandbox/one/egress", R"({"rules": [{"host": "open.acme.example", "deny": true}]})"), "200");
    EXPECT_EQ(as_tenant("PUT", "/v1/sandbox/one/egress", R"({"rules": [{"host": "evil.example"}]})"), "403") << "it may only narrow";
    EXPECT_EQ(as_tenant("PUT", "/v1/sandbox/two/egress", "{}"), "404");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "403");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204", "two"), "204");
    EXPECT_EQ(finish(world().start({.argv = {"setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups", "curl", "-sS", "-o", "/dev/null", "-w",
                                             "%{http_code}", "--unix-socket", served.socket(), "http://localhost/healthz"}})).out, "403");
}

// A change of the file, of a secret's file and of the API, each felt by what runs.
TEST_F(Admin, P20_ADownloadThatANewPolicyDeniesIsCut) {
    Served served(deployment());
    const auto download = [&](const std::string& gate, const std::string& host) {
        world().make_gate(gate);
        Process process = served.start_in("one", {.argv = {"curl", "-sS", "-N", "--max-time", "50", "https://" + host + "/slow?gate=" + gate}});
        EXPECT_TRUE(wait_for_text(process.out_path(), "half ")) << process.err();
        return process;
    };
    Process by_api = download("by_api", "open.acme.example");
    ASSERT_EQ(served.call("PUT", "/v1/sandbox/one/egress", R"({"rules": [{"host": "open.acme.example", "deny": true}]})").status, 200);
    EXPECT_EQ(by_api.wait(), 56) << by_api.err() << "cut, not ended";
    ASSERT_EQ(served.call("DELETE", "/v1/sandbox/one/egress").status, 204);
    Process by_file = download("by_file", "open.acme.example");
    served.rewrite("policy.yaml", policy("      - { host: other.acme.example }\n") + "  tight: { default: deny }\nsandboxes:\n  one: { policy: agent }\n  two: { policy: agent }\n");
    EXPECT_EQ(by_file.wait(), 56) << "the file is watched";
    for (const char* gate : {"by_api", "by_file"}) world().open_gate(gate);
}

TEST_F(Admin, P20_ARevokedSecretCutsWhatItOpened) {
    const std::string secret = world().path("secrets/") + world().fresh("revoked");
    write_file(secret, kSecret);
    const Served served(policy(kApiAndOpen, "{ file: " + secret + " }") + "sandboxes:\n  one: { policy: agent }\n");
    world().make_gate("revoked");
    Process download = served.start_in("one", {.argv = {"curl", "-sS", "-N", "--max-time", "50", "https://api.acme.example/slow?gate=revoked"}});
    ASSERT_TRUE(wait_for_text(download.out_path(), "half ")) << download.err();
    std::filesystem::remove(secret);
    EXPECT_EQ(download.wait(), 56) << download.err();
    EXPECT_THAT(served.curl_in("one", {"https://api.acme.example/private"}).out, HasSubstr("secret_unavailable"));
    world().open_gate("revoked");
}

TEST_F(Admin, TheAuditLogIsWholeAndReplays) {
    Served served("audit: { file: log/audit.jsonl, replay: true }\n" + deployment());
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    EXPECT_EQ(fetch(served, "https://api.acme.example/private"), "200");
    EXPECT_EQ(fetch(served, "https://evil.example/"), "403");
    EXPECT_EQ(served.call("PUT", "/v1/policies/tight", R"({"default": "deny"})").status, 200);
    served.kill_and_start_again();
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), "204");
    const std::string log = served.audit_log_path();
    for (const char* part : {"\"type\":\"decision\"", "put_policy", "uid 0", "evil.example"}) EXPECT_THAT(read_file(log), HasSubstr(part));
    const Finished whole = served.sallyport({"audit", "verify", log});
    EXPECT_EQ(whole.code, 0) << whole.all();
    const std::string other = world().path(world().fresh("other") + ".yaml");
    write_file(other, policy("      - { host: evil.example }\n      - { host: open.acme.example }\n") + "  tight: { default: deny }\nsandboxes:\n  one: { policy: agent }\n");
    const Finished replayed = served.sallyport({"policy", "replay", log, "--policy", other});
    EXPECT_EQ(replayed.code, 1) << replayed.all();
    EXPECT_THAT(replayed.out, HasSubstr("evil.example"));
    EXPECT_THAT(replayed.out, HasSubstr("4 decisions, 2 would change"));
    // Somebody takes his line out.
    const std::string text = read_file(log);
    const std::size_t line = text.find("evil.example"), begin = text.rfind('\n', line) + 1, end = text.find('\n', line) + 1;
    const std::string forged = world().scratch() + "/audit.jsonl";
    write_file(forged, text.substr(0, begin) + text.substr(end));
    EXPECT_EQ(served.sallyport({"audit", "verify", forged}).code, 1);
}

}  // namespace
}  // namespace sallyport::integration
