// Rows P of the threat catalogue that concern one request: getting around the policy with what is sent.
#include <gmock/gmock.h>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kRules = R"(
      - { name: echo, host: api.acme.example, paths: ["/echo/**"], credential: token }
      - { name: read, host: open.acme.example, methods: [GET, HEAD] }
      - { name: any, host: other.acme.example, credential: token }
)";

class PolicyThreats : public IntegrationTest {};

TEST_F(PolicyThreats, P8AnAmbiguousPathIsRefused) {
    Guard guard(policy(kRules));
    std::vector<RawCase> cases;
    for (const char* path : {"/echo/..;/private",
                             "/echo/../private",
                             "/echo/%2e%2e/private",
                             "/echo/%2E%2e/private",
                             "/echo/.%2e/private",
                             "/echo/..%2fprivate",
                             "/echo/%2f..%2fprivate",
                             "/echo/..%5cprivate",
                             "/echo\\..\\private",
                             "/echo//x",
                             "//echo/x",
                             "/echo/./x",
                             "/echo/x/.",
                             "/echo/x/..",
                             "/echo/%00x",
                             "/echo/x%c0%ae%c0%ae/private",
                             "/echo/x#frag",
                             "/echo/%zz",
                             "/echo/%",
                             "/echo/;/../private",
                             "/echo/..%00/private",
                             "/echo/\x80",
                             "/echo/%ff",
                             "/echo/%c0%af..%c0%afprivate",
                             "echo/x",
                             "*",
                             "/echo/a b"}) {
        cases.push_back({.bytes = get(path)});
    }
    auto results = guard.raw_all(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_THAT(results[i].status(), AnyOf(400, 403)) << cases[i].bytes << results[i].received;
    }
    EXPECT_EQ(seen_by("api.acme.example"), "");
}

TEST_F(PolicyThreats, P8ThePathDecidedOnIsThePathSent) {
    Guard guard(policy(kRules));
    const std::pair<const char*, const char*> cases[] = {
        {"/echo/plain?a=1&b=%2F..%2F", "/echo/plain?a=1&b=%2F..%2F"},
        {"/echo/%41%62", "/echo/Ab"},
        {"/echo/a%20b", "/echo/a%20b"},
        {"/echo/%7euser", "/echo/~user"},
        {"/echo/caf%c3%a9", "/echo/caf%C3%A9"},
        {"/echo/x?", "/echo/x?"},
    };
    for (const auto& [sent, expected] : cases) {
        EXPECT_EQ(guard.raw({.bytes = get(sent)}).status(), 200) << sent;
        EXPECT_THAT(seen_by("api.acme.example"), HasSubstr(std::string("GET ") + expected + " HTTP/1.1\r\n")) << sent;
    }
    EXPECT_EQ(guard.raw({.bytes = get("/private")}).status(), 403);
    EXPECT_EQ(guard.raw({.bytes = get("/Echo/x")}).status(), 403);
    EXPECT_EQ(guard.raw({.bytes = get("/echoes/x")}).status(), 403);
}

TEST_F(PolicyThreats, P10AMethodIsAnExactToken) {
    Guard guard(policy(kRules));
    for (const char* method : {"POST", "DELETE", "get", "gEt", "TRACE", "CONNECT", "FOO", "PRI", "GET\t", "G,ET"}) {
        RawResult result = guard.raw(
            {.bytes = std::string(method) +
                      " /p10 HTTP/1.1\r\nHost: open.acme.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
             .host = "open.acme.example"});
        EXPECT_THAT(result.status(), AnyOf(400, 403, 405)) << method << result.received;
    }
    EXPECT_THAT(seen_by("open.acme.example"), Not(HasSubstr("/p10")));
    EXPECT_EQ(guard.curl({"-o", "/dev/null", "-w", "%{http_code}", "https://open.acme.example/echo"}).out, "200");
}

// Each holds a second request, or a length, that one reader sees and another does not.
TEST_F(PolicyThreats, P12SmuggledRequestsAreRefused) {
    Guard guard(policy(kRules));
    const std::string hidden = "GET /smuggled HTTP/1.1\r\nHost: other.acme.example\r\n\r\n";
    const std::string chunked = "0\r\n\r\n" + hidden;
    const std::string post = "POST /smuggler HTTP/1.1\r\nHost: other.acme.example\r\nConnection: close\r\n";
    std::vector<std::string> requests = {
        post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunked,
        post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked,
        post + "Transfer-Encoding: identity, chunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding: gzip\r\n\r\n" + chunked,
        post + "Transfer-Encoding: xchunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
        post +
            "Transfer-Encoding:\x0b"
            "chunked\r\n\r\n" +
            chunked,
        post + "Transfer-Encoding : chunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked,
        post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunked,
        post + "Transfer-Encoding: ,\r\n\r\n" + chunked,
        post + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + chunked,
        post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + chunked,
        post + "Content-Length: 5, 6\r\n\r\n" + chunked,
        post + "Content-Length: +5\r\n\r\n" + chunked,
        post + "Content-Length: -5\r\n\r\n" + chunked,
        post + "Content-Length: 0x5\r\n\r\n" + chunked,
        post + "Content-Length: 5 5\r\n\r\n" + chunked,
        post + "Content-Length: 99999999999999999999\r\n\r\n" + chunked,
        post + "Content-Length:\r\n\r\n" + hidden,
        post + "Transfer-Encoding: chunked\r\n\r\n5;ext=\"a\nb\"\r\nabcde\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nabcde\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\n\r\n5\nabcde\n0\n\n" + hidden,
        post + "Transfer-Encoding: chunked\r\n\r\n5\rabcde\r\n" + chunked,
        post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeX\r\n" + chunked,
        "POST /smuggler HTTP/1.1\nHost: other.acme.example\nContent-Length: 0\n\n" + hidden,
        "POST /smuggler HTTP/1.1\r\nHost: other.acme.example\r\nX: a\rContent-Length: 50\r\n\r\n" + hidden,
        "POST /smuggler HTTP/1.1\r\nHost: other.acme.example\r\nX:\rTransfer-Encoding: chunked\r\n\r\n" + chunked,
        "POST /smuggler HTTP/1.1\r\nHost: other.acme.example\r\nX\r\nContent-Length: 0\r\n\r\n" + hidden,
        "POST /smuggler HTTP/1.1\r\nHost: other.acme.example\r\n: x\r\nContent-Length: 0\r\n\r\n" + hidden,
        "POST /smuggler HTTP/1.0\r\nHost: other.acme.example\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
        "GET /smuggler HTTP/1.1 HTTP/1.1\r\nHost: other.acme.example\r\n\r\n" + hidden,
        "GET /smuggler HTTP/1.1\r\n Host: other.acme.example\r\nHost: other.acme.example\r\n\r\n" + hidden,
        "GET /smuggler HTTP/2.0\r\nHost: other.acme.example\r\n\r\n" + hidden,
        "GET /smuggler\r\n\r\n" + hidden,
        "GET  /smuggler HTTP/1.1\r\nHost: other.acme.example\r\n\r\n" + hidden,
        "GET\t/smuggler\tHTTP/1.1\r\nHost: other.acme.example\r\n\r\n" + hidden,
    };
    std::vector<RawCase> cases;
    for (const auto& bytes : requests) cases.push_back({.bytes = bytes, .host = "other.acme.example", .mode = "all"});
    auto results = guard.raw_all(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_THAT(results[i].status(), AnyOf(400, 501, 505))
            << i << ": " << cases[i].bytes << "\n-> " << results[i].outcome << results[i].received;
        EXPECT_NE(results[i].outcome, "timeout") << i << ": " << cases[i].bytes;
    }
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("smuggled")));
}

// What is well-formed is written anew: of what a client sent, only values arrive.
TEST_F(PolicyThreats, P12AMessageIsWrittenAnew) {
    Guard guard(policy(kRules));
    RawResult result =
        guard.raw({.bytes = "POST /echo/anew HTTP/1.1\r\nhost:other.acme.example\r\nX-Spaces:   many  \t\r\nTE: trailers\r\n"
                            "Keep-Alive: 5\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: "
                            "chunked\r\n\r\n3\r\nabc\r\n02\r\nde\r\n0\r\n\r\n",
                   .host = "other.acme.example"});
    EXPECT_EQ(result.status(), 200) << result.received;
    std::string seen = seen_by("other.acme.example");
    EXPECT_THAT(seen, HasSubstr("X-Spaces: many\r\n"));
    for (const char* gone : {"X-Hop", "Keep-Alive", "close", "02\r\n"}) EXPECT_THAT(seen, Not(HasSubstr(gone))) << gone;
}

TEST_F(PolicyThreats, P13HeaderFieldsThatAreNotFieldsAreRefused) {
    Guard guard(policy(kRules));
    std::vector<RawCase> cases;
    for (const std::string& field :
         {std::string("X-A: b\rX-Auth-Token: mine"), std::string("X-A: b\0c", 8), std::string("X A: b"),
          std::string("X-A\x01: b"), std::string("X-A: b\x01"), std::string("(X-A): b"), std::string("X-\xC3\xA4: b"),
          std::string("X-A: b\x7f"), std::string("X-A\t: b"), std::string("X-A: b\r\n\tc")}) {
        cases.push_back({.bytes = get("/p13", "other.acme.example", field + "\r\n"), .host = "other.acme.example"});
    }
    auto results = guard.raw_all(cases);
    for (std::size_t i = 0; i < cases.size(); ++i)
        EXPECT_EQ(results[i].status(), 400) << cases[i].bytes << results[i].received;
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("/p13")));
}

// Many servers read X_Auth_Token as X-Auth-Token.
TEST_F(PolicyThreats, P13AnUnderscoreDoesNotHideACredential) {
    Guard guard(policy(kRules));
    guard.raw(
        {.bytes = get("/echo/underscore", "other.acme.example",
                      "X_Auth_Token: theirs\r\nx_auth-token: theirs\r\nContent_Length: 3\r\nTransfer_Encoding: chunked\r\n"),
         .host = "other.acme.example"});
    for (const char* gone : {"theirs", "Content_Length", "Transfer_Encoding"})
        EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr(gone))) << gone;
}

TEST_F(PolicyThreats, P13ASecretThatWouldBreakAHeaderIsNotSent) {
    write_file(world().path("secrets/broken"), "first\r\nX-Injected: second\n");
    std::string text = policy("      - { host: other.acme.example, credential: broken }\n");
    text.replace(text.find("secrets:\n"), 9, "secrets:\n  broken: { file: " + world().path("secrets/broken") + " }\n");
    text.replace(text.find("credentials:\n"), 13,
                 "credentials:\n  broken: { type: header, name: X-Auth-Token, value: \"${secrets.broken}\" }\n");
    Guard guard(text);
    EXPECT_THAT(guard.curl({"https://other.acme.example/p13broken"}).out, HasSubstr("\"error\":\"secret_unavailable\""));
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("/p13broken")));
}

TEST_F(PolicyThreats, P16TheGateAnswersExpectItself) {
    Guard guard(policy(kRules));
    auto post = [&](const std::string& target, const std::string& host, const std::string& expect, const std::string& body) {
        return guard.raw({.bytes = "POST " + target + " HTTP/1.1\r\nHost: " + host +
                                   "\r\nContent-Length: 5\r\nConnection: close\r\nExpect: " + expect + "\r\n\r\n" + body,
                          .host = host});
    };
    RawResult allowed = post("/upload", "other.acme.example", "100-continue", "hello");
    EXPECT_THAT(allowed.received, testing::StartsWith("HTTP/1.1 100 "));
    EXPECT_EQ(allowed.status(), 200);
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("Expect")));
    RawResult denied = post("/p16", "open.acme.example", "100-continue", "");
    EXPECT_THAT(denied.received, testing::StartsWith("HTTP/1.1 403 "));
    EXPECT_EQ(post("/p16", "other.acme.example", "a-miracle", "hello").status(), 417);
    EXPECT_THAT(seen_by("other.acme.example") + seen_by("open.acme.example"), Not(HasSubstr("/p16")));
}

TEST_F(PolicyThreats, P17TrailersCarryNoFieldThatMatters) {
    Guard guard(policy(kRules));
    guard.raw({.bytes = "POST /echo/trailers HTTP/1.1\r\nHost: other.acme.example\r\nConnection: "
                        "close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
                        "Authorization: theirs\r\nX-Auth-Token: theirs\r\nHost: evil.example\r\nContent-Length: "
                        "99\r\nTransfer-Encoding: theirs\r\nCookie: theirs\r\n\r\n",
               .host = "other.acme.example"});
    std::string seen = seen_by("other.acme.example");
    for (const char* gone : {"theirs", "evil.example", "99"}) EXPECT_THAT(seen, Not(HasSubstr(gone))) << gone;
}

TEST_F(PolicyThreats, P19EachPipelinedRequestIsDecidedOnItsOwn) {
    Guard guard(policy(kRules));
    auto keep = [](const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: api.acme.example\r\n\r\n"; };
    RawResult result =
        guard.raw({.bytes = keep("/echo/first") + keep("/private") + keep("/echo/third") + get("/p19"), .mode = "all"});
    EXPECT_EQ(result.outcome, "done");
    std::string statuses;
    for (const auto& line : lines(result.received)) {
        if (line.starts_with("HTTP/1.1 ")) statuses += line.substr(9, 4);
    }
    EXPECT_EQ(statuses, "200 403 200 403 ");
    std::string seen = seen_by("api.acme.example");
    EXPECT_THAT(seen, HasSubstr("/echo/first"));
    EXPECT_THAT(seen, HasSubstr("/echo/third"));
    EXPECT_THAT(seen, Not(HasSubstr("/private")));
    EXPECT_THAT(seen, Not(HasSubstr("/p19")));
}

TEST_F(PolicyThreats, P6UpgradesAreRefused) {
    Guard guard(policy("      - { host: other.acme.example, credential: token, websocket: false }\n"));
    for (const char* protocol : {"websocket", "foo", "TLS/1.0", "websocket, h2c"}) {
        RawResult result =
            guard.raw({.bytes = "GET /p6 HTTP/1.1\r\nHost: other.acme.example\r\nConnection: Upgrade\r\nUpgrade: " +
                                std::string(protocol) +
                                "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       .host = "other.acme.example"});
        EXPECT_THAT(result.status(), AnyOf(400, 403, 501)) << protocol << result.received;
    }
    RawResult connect = guard.raw(
        {.bytes = "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", .host = "other.acme.example"});
    EXPECT_THAT(connect.status(), AnyOf(400, 403, 405, 421));
    RawResult unasked =
        guard.raw({.bytes = get("/bad/unasked-upgrade", "other.acme.example"), .host = "other.acme.example"});
    EXPECT_EQ(unasked.status(), 502);
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("/p6")));
}

TEST_F(PolicyThreats, P22AFileWithAMistakeIsNotLoaded) {
    const std::pair<const char*, const char*> cases[] = {
        {"      - { hosts: api.acme.example }\n", "did you mean \"host\""},
        {"      - { host: api.acme.example, methods: [] }\n", "methods"},
        {"      - { host: api.acme.example, paths: [] }\n", "paths"},
        {"      - { host: \"\" }\n", "host"},
        {"      - { host: api.acme.example, deny: perhaps }\n", "deny"},
        {"      - { host: api.acme.example, credential: tokne }\n", "did you mean \"token\""},
        {"      - { host: api.acme.example, port: 99999 }\n", "port"},
        {"      - { host: api.acme.example, port: \"many\" }\n", "port"},
        {"      - { host: api.acme.example, scheme: ftp }\n", "scheme"},
        {"      - { host: api.acme.example, cidr: 10.0.0.0/99 }\n", "\"10.0.0.0/99\" is not a network"},
        {"      - { host: \"a*.acme.example\" }\n", "host"},
        {"      - { host: api.acme.example, host: open.acme.example }\n", "host"},
        {"      - { }\n", ""},
        {"      - api.acme.example\n", ""},
        {"      - { host: api.acme.example\n", ""},
        {"      - { host: api.acme.example, deny: true, credential: token }\n", ""},
    };
    for (const auto& [rules, word] : cases) {
        std::string file = world().path(world().fresh("mistake") + ".yaml");
        write_file(file, policy(rules));
        Finished check = finish(world().start({.argv = {SALLYPORT_PROGRAM, "check", file}}));
        EXPECT_NE(check.code, 0) << rules << check.all();
        EXPECT_THAT(check.all(), testing::ContainsRegex(file + ":[0-9]+:[0-9]+: error: ")) << rules;
        EXPECT_THAT(check.all(), HasSubstr(word)) << rules;
        Finished run = run_in_sandbox(policy(rules), {"echo", "started"});
        EXPECT_NE(run.code, 0) << rules;
        EXPECT_EQ(run.out, "") << rules;
    }
    EXPECT_NE(finish(world().start({.argv = {SALLYPORT_PROGRAM, "check", "/nowhere.yaml"}})).code, 0);
    EXPECT_NE(
        finish(world().start({.argv = {SALLYPORT_PROGRAM, "run", "--policy", "/nowhere.yaml", "--", "echo", "started"}}))
            .code,
        0);
}

TEST_F(PolicyThreats, P22NoRulesAllowNothing) {
    for (const char* text :
         {"version: 1\npolicies: { agent: { default: deny } }\n", "version: 1\npolicies: { agent: { } }\n"}) {
        Finished curl = run_in_sandbox(text, {"curl", "-sS", "https://api.acme.example/private"});
        EXPECT_THAT(curl.out, Not(HasSubstr("welcome"))) << text;
    }
    Finished none = finish(world().start(
        {.argv = {SALLYPORT_PROGRAM, "run", "--access-log", "none", "--", "curl", "-sS", "https://api.acme.example/private"},
         .working_directory = world().scratch()}));
    EXPECT_THAT(none.out, HasSubstr("\"error\":\"denied\"")) << none.err;
    EXPECT_EQ(seen_by("api.acme.example"), "");
}

TEST_F(PolicyThreats, P23NoEarlyDataIsTaken) {
    Guard guard(policy(kRules));
    std::string session = world().path(world().fresh("session")), early = session + ".early";
    write_file(early, get("/p23", "other.acme.example"));
    auto client = [&](std::vector<std::string> options) {
        std::vector<std::string> argv = {"openssl",     "s_client",           "-connect", "other.acme.example:443",
                                         "-servername", "other.acme.example", "-tls1_3",  "-ign_eof"};
        argv.insert(argv.end(), options.begin(), options.end());
        return guard.run(argv, get("/echo/p23", "other.acme.example"));
    };
    Finished first = client({"-sess_out", session});
    EXPECT_THAT(first.out, HasSubstr("HTTP/1.1 200 "));
    Finished second = client({"-sess_in", session, "-early_data", early});
    EXPECT_THAT(second.all(), Not(HasSubstr("Early data was accepted")));
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("GET /p23")));
}

// Deadlines at a twentieth: a silent peer, a drip and a stalled body are let go, each with its line in the log.
TEST_F(PolicyThreats, P24ASlowClientIsLetGo) {
    Guard guard(policy(kRules), {.options = {"--deadline-scale", "0.05"}});
    auto results = guard.raw_all({
        {.bytes = "", .host = "other.acme.example", .sni = "plain", .mode = "all"},
        {.bytes = "\x16\x03\x01", .host = "other.acme.example", .sni = "plain", .mode = "all"},
        {.bytes = "GET /p24 HTTP/1.1\r\nHost: other.acme", .host = "other.acme.example", .mode = "all"},
        {.bytes = "POST /upload HTTP/1.1\r\nHost: other.acme.example\r\nContent-Length: 100\r\n\r\nx",
         .host = "other.acme.example",
         .mode = "all"},
    });
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_NE(results[i].outcome, "timeout") << i;
    EXPECT_THAT(results[2].status(), AnyOf(0, 408));
    Finished drip = guard.python(R"(
import os, socket, ssl
s = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE']).wrap_socket(socket.create_connection(('other.acme.example', 443), 20), server_hostname='other.acme.example')
s.sendall(b'GET /drip HTTP/1.1\r\nHost: other.acme.example\r\n')
s.settimeout(0.01)
sent = 0
while sent < 2000:
    try:
        s.sendall(b'X'); sent += 1
        if s.recv(100) == b'': break
        break
    except TimeoutError: pass
    except (OSError, ssl.SSLError): break
print('let go' if sent < 2000 else 'kept')
)");
    EXPECT_EQ(drip.out, "let go\n") << drip.err;
    EXPECT_THAT(seen_by("other.acme.example"), Not(HasSubstr("/drip")));
}

TEST_F(PolicyThreats, P24ASilentOriginIsLetGo) {
    Guard guard(policy(kRules), {.options = {"--deadline-scale", "0.01"}});
    world().make_gate("p24");
    Finished curl = guard.curl({"-w", "%{http_code}", "http://open.acme.example/silent?gate=p24"});
    EXPECT_THAT(curl.out, HasSubstr("\"error\":\"origin_timeout\""));
    EXPECT_THAT(curl.out, HasSubstr("504"));
    world().open_gate("p24");
}

// Broken responses: where the head is wrong, 502 and none of it; where the body is, an end that a client cannot take for
// one.
TEST_F(PolicyThreats, MalformedResponsesDoNotReachTheClient) {
    Guard guard(policy(kRules));
    for (const char* kind : {"two-lengths",     "length-list",   "length-and-chunked", "negative-length",
                             "plus-length",     "huge-length",   "unknown-coding",     "bare-lf",
                             "bare-cr",         "nul-in-header", "space-before-colon", "obs-fold",
                             "no-colon",        "not-http",      "bad-version",        "bad-status",
                             "unasked-upgrade", "huge-header",   "many-headers",       "nothing",
                             "half-a-head"}) {
        Finished curl = guard.curl({"-w", "%{http_code}", std::string("https://other.acme.example/bad/") + kind});
        EXPECT_THAT(curl.out, testing::EndsWith("502")) << kind;
        EXPECT_THAT(curl.out, HasSubstr("\"error\":\"origin_")) << kind;
    }
    for (const char* kind : {"truncated-chunk", "no-last-chunk", "bad-chunk-size", "chunk-overflow", "short-body", "cut"}) {
        EXPECT_NE(guard.curl({std::string("https://other.acme.example/bad/") + kind}).code, 0) << kind;
    }
}

TEST_F(PolicyThreats, BytesThatNobodyAskedForDoNotAnswerTheNextRequest) {
    Guard guard(policy(kRules));
    for (int again = 0; again < 3; ++again) {
        Finished curl = guard.curl({"https://other.acme.example/bad/garbage-after", "https://other.acme.example/echo",
                                    "https://other.acme.example/echo"});
        EXPECT_THAT(curl.out, testing::StartsWith("abc{")) << curl.err;
        EXPECT_THAT(curl.out, Not(HasSubstr("poisoned")));
    }
}

}  // namespace
}  // namespace sallyport::integration
