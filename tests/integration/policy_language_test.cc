// The keys of a policy, each as a client in a sandbox meets it: curl and plain sockets, real origins, the whole daemon.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "guarded.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kLinePort = "5432";

class PolicyLanguage : public IntegrationTest {
protected:
    // "BODY STATUS"
    static std::string fetch(const Guard& guard, const std::string& url, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"-w", " %{http_code}", url});
        return guard.curl(more).out;
    }
    static std::string status_in(const Served& served, const std::string& sandbox, const std::string& url,
                                 std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"-o", "/dev/null", "-w", "%{http_code}", url});
        return served.curl_in(sandbox, more).out;
    }
    // What a client hears that sends `lines` to the line server and ends its side; or the name of its error.
    static std::string converse(const Guard& guard, const std::string& host, const std::string& lines,
                                const std::string& port = kLinePort) {
        return guard
            .python(R"(
import socket, sys
try:
    s = socket.create_connection((')" + host + R"(', )" + port + R"(), 20)
    greeting = s.recv(100)
    s.sendall(b')" + lines + R"(')
    s.shutdown(socket.SHUT_WR)
    rest = b''
    while piece := s.recv(65536): rest += piece
    print((greeting + rest).decode(), end='')
except OSError as error:
    print(type(error).__name__)
)")
            .out;
    }
};

TEST_F(PolicyLanguage, RespondAnswersHereForHostsThatDoNotExist) {
    Guard guard(policy(R"(
      - { name: status, host: status.local, paths: ["/health"], respond: { status: 203, headers: { X-From: gate }, body: "ok\n" } }
      - { name: empty, host: empty.local, respond: { status: 204 } }
)"));
    EXPECT_EQ(fetch(guard, "https://status.local/health"), "ok\n 203");
    EXPECT_EQ(fetch(guard, "http://status.local/health"), "ok\n 203");
    EXPECT_THAT(guard.curl({"-i", "https://status.local/health"}).out, HasSubstr("X-From: gate"));
    EXPECT_THAT(guard.curl({"-I", "https://status.local/health"}).out, HasSubstr("Content-Length: 3"));
    EXPECT_EQ(fetch(guard, "https://empty.local/any"), " 204");
    EXPECT_THAT(fetch(guard, "https://status.local/else"), EndsWith(" 403"));
    EXPECT_EQ(fetch(guard, "https://status.local/health", {"--data-binary", "a body that nobody reads"}), "ok\n 203");
    EXPECT_THAT(world().network().reached(), IsEmpty());
    EXPECT_THAT(world().dns_questions(), IsEmpty());
}

TEST_F(PolicyLanguage, UpstreamSendsTheRequestAndItsCredentialElsewhere) {
    Guard guard(policy(R"(
      - { name: staged, host: api.acme.example, upstream: "https://staging.acme.example:8443", credential: token }
      - { name: unresolved, host: nowhere.invalid, upstream: "https://other.acme.example" }
)"));
    EXPECT_EQ(fetch(guard, "https://api.acme.example/private"), "welcome\n 200");
    EXPECT_THAT(fetch(guard, "https://nowhere.invalid/echo?a=b"), HasSubstr("\"target\": \"/echo?a=b\""));
    EXPECT_EQ(seen_by("api.acme.example"), "");
    const std::string seen = world().all_received("staging.acme.example", 8443);
    EXPECT_THAT(seen, HasSubstr("Host: staging.acme.example:8443\r\n"));
    EXPECT_THAT(seen, HasSubstr(std::string(kSecret)));
    EXPECT_THAT(seen_by("other.acme.example"), HasSubstr("Host: other.acme.example\r\n"));
}

// The credential is for the destination: another host of the same request's connection does not get it.
TEST_F(PolicyLanguage, UpstreamChecksTheDestinationAsAnyOther) {
    Guard guard(policy(R"(
      - { name: inside, host: api.acme.example, upstream: "https://internal.example" }
      - { name: granted, host: open.acme.example, upstream: "http://internal.example", cidr: 10.0.0.0/24 }
      - { name: forged, host: other.acme.example, upstream: "https://wrongname.example" }
)"));
    EXPECT_THAT(fetch(guard, "https://api.acme.example/echo"), HasSubstr("\"error\":\"private_address\""));
    EXPECT_THAT(fetch(guard, "https://open.acme.example/echo"), HasSubstr("\"scheme\": \"http\""));
    EXPECT_THAT(fetch(guard, "https://other.acme.example/echo"), HasSubstr("\"error\":\"tls_verify_failed\""));
}

TEST_F(PolicyLanguage, PassthroughLeavesTheClientAloneWithTheOrigin) {
    Guard guard(policy("      - { name: pinned, host: open.acme.example, tls: passthrough }\n"));
    const Finished direct = guard.curl(
        {"-v", "--cacert", world().path("root.pem"), "-H", "X-Mine: kept", "https://open.acme.example/echo"});
    EXPECT_THAT(direct.out, HasSubstr("\"method\": \"GET\"")) << direct.err;
    EXPECT_THAT(direct.err, HasSubstr("issuer: CN=Fake Internet Root"));
    EXPECT_THAT(seen_by("open.acme.example"), HasSubstr("X-Mine: kept"));
    EXPECT_THAT(guard.curl({"https://open.acme.example/echo"}).err, HasSubstr("SSL certificate problem"))
        << "the sandbox's own authority has no part in it";
    const auto log = guard.access_log(1);
    EXPECT_EQ(log.front()["rule"], "pinned");
    EXPECT_EQ(log.front()["host"], "open.acme.example");
    EXPECT_EQ(log.front()["verdict"], "allow");
    EXPECT_EQ(log.front()["method"], "");
}

TEST_F(PolicyLanguage, PassthroughIsForTheNameThatWasAskedFor) {
    Guard guard(policy("      - { host: open.acme.example, tls: passthrough }\n      - { host: other.acme.example }\n"));
    const auto results = guard.raw_all({
        {.bytes = get("/wrong", "evil.example"), .host = "open.acme.example", .sni = "evil.example"},
        {.bytes = get("/wrong", "open.acme.example"), .host = "other.acme.example", .sni = "open.acme.example"},
        {.bytes = get("/wrong", "open.acme.example"), .host = "open.acme.example", .sni = "-"},
        {.bytes = get("/cleartext", "open.acme.example"), .host = "open.acme.example", .port = 80, .sni = "plain"},
        {.bytes = std::string("\0\1\2 neither TLS nor HTTP\r\n\r\n", 27), .host = "open.acme.example", .sni = "plain"},
    });
    for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(results[i].outcome, StartsWith("tls:")) << i;
    EXPECT_EQ(results[3].status(), 403);
    EXPECT_EQ(results[4].outcome, "reset");
    EXPECT_EQ(results[4].received, "");
    EXPECT_EQ(seen_by("open.acme.example") + world().all_received("open.acme.example", 80), "");
    EXPECT_EQ(seen_by("evil.example"), "");
}

TEST_F(PolicyLanguage, TcpByNameWorksWhereTheServerSpeaksFirst) {
    Guard guard(policy("      - { name: database, tcp: \"db.acme.example:5432\" }\n"));
    EXPECT_EQ(converse(guard, "db.acme.example", "select one\\nselect two\\n"),
              "220 db.acme.example ready\r\nSELECT ONE\nSELECT TWO\n221 2 lines\r\n");
    const auto log = guard.access_log(1);
    EXPECT_EQ(log.front()["scheme"], "tcp");
    EXPECT_EQ(log.front()["host"], "db.acme.example");
    EXPECT_EQ(log.front()["port"], kLinePort);
    EXPECT_EQ(log.front()["rule"], "database");
    EXPECT_EQ(log.size(), 1u);
}

TEST_F(PolicyLanguage, TcpCarriesMoreThanAnyBuffer) {
    Guard guard(policy("      - { tcp: \"db.acme.example:5432\" }\n"));
    const Finished bulk = guard.python(R"(
import socket, threading
s = socket.create_connection(('db.acme.example', 5432), 30)
line = b'x' * 9999 + b'\n'
def send():
    for _ in range(2000): s.sendall(line)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
count, tail = 0, b''
while piece := s.recv(65536):
    count += len(piece)
    tail = (tail + piece)[-100:]
print(count, tail.split(b'\n')[-2].decode().strip())
)");
    const std::size_t expected = 20'000'000 + std::string("220 db.acme.example ready\r\n221 2000 lines\r\n").size();
    EXPECT_EQ(bulk.out, std::to_string(expected) + " 221 2000 lines\n") << bulk.err;
}

TEST_F(PolicyLanguage, TcpIsThatNameAndPortOnly) {
    Guard guard(policy(R"(
      - { tcp: "db.acme.example:5432" }
      - { tcp: "internal.example:5432" }
      - { name: private, tcp: "v6internal.example:5432", cidr: "fd00::/64" }
      - { host: open.acme.example }
)"));
    for (const char* host : {"open.acme.example", "evil.example", "internal.example", "203.0.113.19"}) {
        EXPECT_THAT(converse(guard, host, "hello\\n"), AnyOf("ConnectionResetError\n", "ConnectionRefusedError\n")) << host;
    }
    EXPECT_THAT(converse(guard, "db.acme.example", "hello\\n", "5433"),
                AnyOf("ConnectionResetError\n", "ConnectionRefusedError\n"));
    EXPECT_THAT(converse(guard, "v6internal.example", "hello\\n"), HasSubstr("HELLO"));
    EXPECT_THAT(fetch(guard, "https://db.acme.example/echo"), EndsWith(" 403"));
    for (const char* host : {"open.acme.example", "evil.example", "internal.example"}) {
        EXPECT_EQ(world().all_received(host, 5432), "") << host;
    }
}

TEST_F(PolicyLanguage, ADefaultThatAllowsIsForPublicWebHostsOnly) {
    Guard guard("version: 1\nupstream_ca: " + world().path("root.pem") +
                "\npolicies:\n  agent: { default: allow, rules: [ { host: denied.example, deny: true } ] }\n");
    EXPECT_THAT(fetch(guard, "https://other.acme.example/echo"), EndsWith(" 200"));
    EXPECT_THAT(fetch(guard, "https://denied.example/echo"), HasSubstr("\"error\":\"denied_by_rule\""));
    EXPECT_THAT(fetch(guard, "https://internal.example/echo"), HasSubstr("\"error\":\"private_address\""));
    EXPECT_THAT(fetch(guard, "http://203.0.113.11/echo"), HasSubstr("\"error\":\"address_literal\""));
    for (const char* bytes : {"hello\n", "\1\2\3\n", "\x16\x03\x01"}) {
        guard.raw({.bytes = bytes, .host = "db.acme.example", .port = 5432, .sni = "plain", .mode = "half"});
    }
    EXPECT_EQ(world().all_received("db.acme.example", 5432), "");
    EXPECT_EQ(seen_by("denied.example"), "");
}

TEST_F(PolicyLanguage, CidrGrantsWhereNameAndNetworkAgree) {
    Guard guard(policy(R"(
      - { host: internal.example, cidr: 10.0.0.0/24 }
      - { host: v6internal.example, cidr: 10.0.0.0/24 }
      - { host: open.acme.example, cidr: 10.0.0.0/24 }
      - { host: mixed.example, cidr: 10.0.0.0/24 }
)"));
    EXPECT_THAT(fetch(guard, "https://internal.example/echo"), EndsWith(" 200"));
    for (const char* host : {"v6internal.example", "open.acme.example", "mixed.example"}) {
        EXPECT_THAT(fetch(guard, std::string("https://") + host + "/echo"), HasSubstr("\"error\":\"private_address\"")) << host;
        EXPECT_EQ(seen_by(host), "") << host;
    }
}

TEST_F(PolicyLanguage, ConditionsOnMethodPathQueryAndFields) {
    Guard guard(policy(R"(
      - { name: no-secrets, host: open.acme.example, paths: ["/echo/secret/**"], deny: true }
      - { name: read, host: open.acme.example, methods: [GET], paths: ["/echo/*/items"], query: { state: "open*" }, headers: { X-Mode: "ro" } }
)"));
    const auto status = [&](const std::string& target, std::vector<std::string> more = {"-H", "X-Mode: ro"}) {
        more.insert(more.begin(), {"-o", "/dev/null", "-w", "%{http_code}", "https://open.acme.example" + target});
        return guard.curl(more).out;
    };
    EXPECT_EQ(status("/echo/a/items?state=open"), "200");
    EXPECT_EQ(status("/echo/a/items?x=1&state=opened"), "200");
    EXPECT_EQ(status("/echo/a/items?state=open&state=closed"), "403");
    EXPECT_EQ(status("/echo/a/items?state=closed"), "403");
    EXPECT_EQ(status("/echo/a/items"), "403");
    EXPECT_EQ(status("/echo/a/b/items?state=open"), "403");
    EXPECT_EQ(status("/echo/a/items?state=open", {}), "403");
    EXPECT_EQ(status("/echo/a/items?state=open", {"-H", "X-Mode: rw"}), "403");
    EXPECT_EQ(status("/echo/a/items?state=open", {"-H", "X-Mode: ro", "-X", "DELETE"}), "403");
    EXPECT_EQ(status("/echo/secret/items?state=open"), "403");
    EXPECT_THAT(seen_by("open.acme.example"), Not(HasSubstr("secret")));
}

TEST_F(PolicyLanguage, ABlockedRequestGetsThePolicysOwnAnswer) {
    Guard guard(policy("      - { name: never, host: denied.example, deny: true }\n") +
                "    blocked: { status: 451, content_type: text/plain, body: \"no: ${error} by ${rule}, ask about "
                "${request_id}\\n\" }\n");
    const Finished denied = guard.curl({"-i", "https://denied.example/x"});
    EXPECT_THAT(denied.out, StartsWith("HTTP/1.1 451 "));
    EXPECT_THAT(denied.out, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(denied.out, HasSubstr("x-sallyport-verdict: deny\r\n"));
    EXPECT_THAT(denied.out, testing::ContainsRegex("no: denied_by_rule by never, ask about [0-9a-f]{16}\n"));
    // What is wrong with the request is not the policy's to say.
    EXPECT_EQ(guard.raw({.bytes = "GET /a b HTTP/1.1\r\nHost: denied.example\r\n\r\n", .host = "denied.example"}).status(), 400);
}

std::string two_sandboxes(const std::string& rules) {
    return policy(rules) + "sandboxes:\n  one: { policy: agent }\n  two: { policy: agent }\n";
}

TEST_F(PolicyLanguage, ALimitIsForEachSandboxAndSaysWhenToComeBack) {
    Served served(two_sandboxes(R"(
      - { name: few, host: open.acme.example, limit: { requests: 3/h } }
      - { name: unlimited, host: other.acme.example }
)"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status_in(served, "one", "https://open.acme.example/echo"), "200") << i;
    const Finished refused = served.curl_in("one", {"-i", "https://open.acme.example/echo/refused"});
    EXPECT_THAT(refused.out, StartsWith("HTTP/1.1 429 "));
    EXPECT_THAT(refused.out, testing::ContainsRegex("[Rr]etry-[Aa]fter: [1-9][0-9]*\r\n"));
    EXPECT_THAT(refused.out, HasSubstr("\"error\":\"rate_limited\""));
    EXPECT_THAT(refused.out, HasSubstr("\"rule\":\"few\""));
    EXPECT_EQ(status_in(served, "one", "https://other.acme.example/echo"), "200");
    EXPECT_EQ(status_in(served, "two", "https://open.acme.example/echo"), "200");
    EXPECT_THAT(seen_by("open.acme.example"), Not(HasSubstr("refused")));
}

TEST_F(PolicyLanguage, ALimitCountsBytesAndWhatRunsAtOnce) {
    Served served(two_sandboxes(R"(
      - { name: thin, host: open.acme.example, limit: { bytes_out: 20KB/h } }
      - { name: one-by-one, host: other.acme.example, limit: { concurrency: 1 } }
)"));
    const std::string body(15'000, 'x');
    EXPECT_EQ(status_in(served, "one", "https://open.acme.example/upload", {"--data-binary", body}), "200");
    EXPECT_EQ(status_in(served, "one", "https://open.acme.example/upload", {"--data-binary", body}), "429");

    world().make_gate("limit");
    Process slow = served.start_in("one", {.argv = {"curl", "-sS", "-N", "https://other.acme.example/slow?gate=limit"}});
    ASSERT_TRUE(wait_for_text(slow.out_path(), "half "));
    EXPECT_EQ(status_in(served, "one", "https://other.acme.example/echo"), "429");
    EXPECT_EQ(status_in(served, "two", "https://other.acme.example/echo"), "200");
    world().open_gate("limit");
    EXPECT_EQ(slow.wait(), 0);
    EXPECT_EQ(status_in(served, "one", "https://other.acme.example/echo"), "200");
}

TEST_F(PolicyLanguage, ASandboxGetsItsOwnTenantsSecret) {
    const std::string secrets = world().path("secrets/" + world().fresh("tenants"));
    for (const auto& [tenant, secret] : {std::pair("acme", kSecret), std::pair("globex", kOtherSecret)}) {
        make_directory(secrets + "/" + tenant);
        write_file(secrets + "/" + tenant + "/pat", secret);
    }
    Served served("version: 1\nupstream_ca: " + world().path("root.pem") + "\nsecrets:\n  pat: { file: \"" + secrets +
                  R"(/${params.tenant}/pat" }
credentials:
  pat: { type: header, name: X-Auth-Token, value: "${secrets.pat}" }
  who: { type: header, name: X-Who, value: "${sandbox.id} of ${labels.team}, ${params.tenant}, ${secrets.pat}" }
policies:
  agent:
    rules:
      - { host: api.acme.example, credential: pat }
      - { host: other.acme.example, credential: who }
sandboxes:
  first:  { policy: agent, params: { tenant: acme }, labels: { team: red } }
  second: { policy: agent, params: { tenant: globex }, labels: { team: blue } }
  third:  { policy: agent }
)");
    EXPECT_EQ(status_in(served, "first", "https://api.acme.example/private"), "200");
    EXPECT_EQ(status_in(served, "second", "https://api.acme.example/private"), "401");
    const auto seen = world().received("api.acme.example");
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_THAT(seen[0], HasSubstr(std::string(kSecret)));
    EXPECT_THAT(seen[1], HasSubstr(std::string(kOtherSecret)));
    EXPECT_THAT(seen[1], Not(HasSubstr(std::string(kSecret))));

    status_in(served, "first", "https://other.acme.example/echo");
    status_in(served, "second", "https://other.acme.example/echo");
    EXPECT_THAT(seen_by("other.acme.example"), HasSubstr("X-Who: first of red, acme, " + std::string(kSecret)));
    EXPECT_THAT(seen_by("other.acme.example"), HasSubstr("X-Who: second of blue, globex, " + std::string(kOtherSecret)));

    world().forget();
    const Finished third = served.curl_in("third", {"https://api.acme.example/private"});
    EXPECT_THAT(third.out, HasSubstr("\"error\":\"secret_unavailable\""));
    EXPECT_EQ(seen_by("api.acme.example"), "");
}

TEST_F(PolicyLanguage, ASandboxCannotTakeAnothersIdentity) {
    Served served(policy(kApiAndOpen) + "  bare:\n    rules: [ { host: api.acme.example } ]\n"
                                        "sandboxes:\n  rich: { policy: agent }\n  poor: { policy: bare }\n");
    EXPECT_EQ(status_in(served, "rich", "https://api.acme.example/private"), "200");
    for (const char* field : {"X-Sallyport-Sandbox: rich", "X-Sandbox-Id: rich", "Forwarded: for=rich", "X-Forwarded-For: rich"}) {
        EXPECT_EQ(status_in(served, "poor", "https://api.acme.example/private", {"-H", field}), "401") << field;
    }
}

}  // namespace
}  // namespace sallyport::integration
