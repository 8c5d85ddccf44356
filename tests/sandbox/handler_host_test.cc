// handler_host.mjs as the gate sees it: the protocol of docs/handlers.md, from both of its ends.
#include "sandbox/handler_host.h"

#include "tests/sandbox/handlers.h"

namespace sallyport::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string outbound(const std::string& body) { return "export const outbound = async (request, env, ctx) => {" + body + "};"; }

// What the catch-all of this text answers to one GET, without any fetch.
std::string answer_of(const std::string& body, TestCall call = {}) {
    HandlerBox box(outbound(body));
    EXPECT_EQ(box.error(), "");
    return box.answer(std::move(call));
}

// The head that the gate gets for a fetch by this text.
std::string fetch_of(const std::string& body, const TestCall& call = {}) {
    HandlerBox box(outbound(body));
    EXPECT_EQ(box.error(), "");
    Peer client = box.call(call);
    Peer fetch = box.accept_fetch();
    return fetch.read_head();
}

TEST(HandlerHostProgram, IsInOurProgram) {
    EXPECT_EQ(handler_host_program(), content_of(SALLYPORT_SOURCE_DIR "/sandbox/handler_host.mjs"));
}

TEST(HandlerHostProgram, RunsTheExampleUnchanged) {
    ASSERT_ROOT();
    HandlerBox box(kExampleScript);
    ASSERT_EQ(box.error(), "");
    ASSERT_EQ(box.report(), R"({"hosts":["my-internal-vcs.dev"],"named":["readOnly"],"outbound":true})" "\n") << box.output();
    TestCall call;
    call.handler = "by_host my-internal-vcs.dev";
    call.env = R"({"SECRET":"canary"})";
    Peer client = box.call(call);
    Peer fetch = box.accept_fetch();
    const std::string head = fetch.read_head();
    EXPECT_THAT(head, StartsWith("GET https://my-internal-vcs.dev/repos HTTP/1.1\r\n"));
    for (const std::string& field : {std::string("x-auth-token: canary"), std::string("host: my-internal-vcs.dev"),
                                     "x-sallyport-call: " + call.token}) {
        EXPECT_TRUE(has_field(head, field)) << head;
    }
    EXPECT_THAT(head, Not(HasSubstr("x-sallyport-env")));
    fetch.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\n"
               "Set-Cookie: b=2\r\nX-Sallyport-Error: threw\r\nContent-Encoding: gzip\r\n\r\nok");
    const std::string answer = client.read_head();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    for (const char* field : {"set-cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "set-cookie: b=2",
                              "content-length: 2", "content-encoding: gzip"}) {
        EXPECT_TRUE(has_field(answer, field)) << answer;
    }
    EXPECT_THAT(answer, Not(HasSubstr("sallyport"))) << "an origin cannot speak for the host";
    EXPECT_EQ(client.read_bytes(2), "ok");
    // The same connection, another handler.
    call.handler = "named readOnly";
    call.method = "DELETE";
    client.send(box.text(call));
    EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_EQ(client.read_bytes(9), "read only");
}

TEST(HandlerHostProgram, FindsTheHandler) {
    ASSERT_ROOT();
    HandlerBox box(R"js(
        const say = (text) => () => new Response(text);
        export const outboundByHost = {"**.Example.com": say("deep"), "*.example.com": say("wide"), "A.example.com.": say("exact"),
                                       "bücher.example": say("idn")};
        export const outboundHandlers = {plain: say("plain"), self() { return this.plain(); }, value: say("v")};
        export const outbound = say("all");
    )js");
    ASSERT_EQ(box.error(), "");
    struct Case {
        const char* handler;
        const char* host;
        const char* answer;
    };
    const Case kCases[] = {
        {"by_host A.example.com.", "a.example.com", "exact"}, {"by_host a.example.com", "a.example.com", "exact"},
        {"by_host *.example.com", "b.example.com", "wide"},   {"by_host **.Example.com", "b.example.com", "deep"},
        {"named self", "x.test", "plain"},                    {"rule value", "x.test", "v"},
        {"rule vcs", "a.example.com", "exact"},               {"rule vcs", "b.example.com", "deep"},
        {"rule vcs", "x.y.example.com", "deep"},              {"rule vcs", "example.com", "all"},
        {"rule vcs", "notexample.com", "all"},                {"rule vcs", "xn--bcher-kva.example", "idn"},
        {"outbound", "a.example.com", "all"},
    };
    for (const Case& each : kCases) {
        TestCall call;
        call.handler = each.handler;
        call.url = std::string("https://") + each.host + "/";
        EXPECT_THAT(box.answer(call), AllOf(StartsWith("HTTP/1.1 200"), EndsWith(std::string("\r\n\r\n") + each.answer)))
            << each.handler << " " << each.host;
    }
    for (const char* none : {"named nope", "named toString", "by_host other.test", "rule nope", "rule", "unknown x"}) {
        TestCall call;
        call.handler = none;
        EXPECT_THAT(box.answer(call), HasSubstr("\r\nX-Sallyport-Error: missing\r\n")) << none;
    }
}

TEST(HandlerHostProgram, GivesEnvironmentAndContext) {
    ASSERT_ROOT();
    TestCall call;
    call.env = R"({"SECRET":"canary é"})";
    call.context = R"({"sandboxId":"agent-47","params":{"tenant":{"name":"acme"}}})";
    const std::string answer = answer_of(R"(
        try { env.SECRET = "x"; } catch {}
        try { ctx.params.tenant.name = "x"; } catch {}
        return Response.json({env, ctx, names: Object.keys(process.env).sort()});)", call);
    EXPECT_THAT(answer, HasSubstr(R"({"env":{"SECRET":"canary é"},"ctx":{"sandboxId":"agent-47","params":{"tenant":{"name":"acme"}}},)"
                                  R"("names":["LD_LIBRARY_PATH","PWD","UV_THREADPOOL_SIZE"]})"));
}

TEST(HandlerHostProgram, ShowsTheRequestAsItIs) {
    ASSERT_ROOT();
    TestCall call;
    call.method = "POST";
    call.url = "https://my-internal-vcs.dev:8443/a%20b/?q=%2F";
    call.fields = "Authorization: sandbox\r\nCookie: a=1\r\nCookie: b=2\r\nX-Many: 1\r\nX-Many: 2\r\nConnection: keep-alive\r\n";
    call.body = "hello";
    const std::string answer = answer_of(
        "return Response.json([request.url, request.method, [...request.headers], await request.text()]);", call);
    EXPECT_THAT(answer, HasSubstr(R"(["https://my-internal-vcs.dev:8443/a%20b/?q=%2F","POST",[["authorization","sandbox"],)"
                                  R"(["content-length","5"],["cookie","a=1; b=2"],["host","my-internal-vcs.dev"],)"
                                  R"(["x-many","1, 2"]],"hello"])"));
}

TEST(HandlerHostProgram, SaysWhyACallFailed) {
    ASSERT_ROOT();
    struct Case {
        const char* body;
        const char* code;
        const char* reason;
    };
    const Case kCases[] = {
        {"throw new Error('canary')", "threw", "Error: canary (vcs.js:1:"},
        {"throw 'text'", "threw", "threw text"},
        {"throw {toString() { throw 1 }}", "threw", "threw what cannot be shown"},
        {"return undefined.x", "threw", "TypeError: Cannot read properties of undefined"},
        {"await null; nope()", "threw", "ReferenceError: nope is not defined"},
        {"return Promise.reject(new RangeError('late'))", "threw", "RangeError: late"},
        {"", "bad_return", "did not return a Response"},
        {"return {status: 200}", "bad_return", "did not return a Response"},
        {"const r = new Response('x'); await r.text(); return r", "bad_return", "read already"},
        {"return Response.error()", "bad_return", "status 0"},
        {"return fetch('https://x.test/', {redirect: 'follow'})", "threw", "redirects are not followed"},
        {"return fetch(new Request('https://x.test/', {redirect: 'follow'}))", "threw", "redirects are not followed"},
        {"return fetch('ftp://x.test/')", "threw", "fetch of ftp: is not supported"},
        {"return fetch('/relative')", "threw", "TypeError"},
        {"throw new Error('é'.repeat(3000))", "threw", "Error: éééé"},
    };
    std::string script = "export const outboundHandlers = {";
    for (std::size_t i = 0; i < std::size(kCases); ++i) {
        script += "h" + std::to_string(i) + ": async (request) => {" + kCases[i].body + "},";
    }
    HandlerBox box(script + "};");
    ASSERT_EQ(box.error(), "");
    for (std::size_t i = 0; i < std::size(kCases); ++i) {
        TestCall call;
        call.handler = "named h" + std::to_string(i);
        const std::string answer = box.answer(call);
        EXPECT_THAT(answer, HasSubstr(std::string("\r\nX-Sallyport-Error: ") + kCases[i].code + "\r\n")) << kCases[i].body;
        EXPECT_THAT(answer, HasSubstr(kCases[i].reason)) << kCases[i].body;
        EXPECT_LE(answer.size() - answer.find("\r\n\r\n") - 4, 1024u);
        EXPECT_THAT(answer, Not(HasSubstr("\xef\xbf\xbd")));
    }
}

TEST(HandlerHostProgram, ReportsAScriptThatCannotBeUsed) {
    ASSERT_ROOT();
    struct Case {
        const char* script;
        const char* error;
    };
    const Case kCases[] = {
        {"export const outbound = ;", "SyntaxError: Unexpected token ';' (vcs.js:1)"},
        {"import fs from 'node:fs';\nimport {\n  join } from \"node:path\"\n\nexport const outbound = (a) => {\n  return a b;\n};",
         "SyntaxError: Unexpected identifier"},
        {"import fs from 'node:fs';\nexport async function f() {}\nexport const outbound = (a) => {\n  return a +;\n};",
         "SyntaxError: Unexpected token ';' (vcs.js:4)"},
        {"import {\n  join } from \"node:path\"\nawait null;\nexport const outbound = (a) => a +;", "(vcs.js:4)"},
        {"import { nope } from 'node:fs'; export const outbound = nope;", "export named 'nope' (vcs.js:1)"},
        {"\nthrow new Error('at the top')", "Error: at the top (vcs.js:2:"},
        {"export const outboundByHost = { 'a.test': 'text' };", "outboundByHost[\\\"a.test\\\"] is not a function"},
        {"export const outboundHandlers = null;", "outboundHandlers is not an object"},
        {"export const outbound = {};", "outbound is not a function"},
        {"export const other = 1;", "exports none of"},
        {"import x from 'left-pad'; export const outbound = x;", "left-pad"},
        {"await fetch('https://x.test/'); export const outbound = () => {};", "fetch works only while"},
    };
    for (const Case& each : kCases) {
        HandlerBox box(each.script);
        ASSERT_EQ(box.error(), "");
        EXPECT_THAT(box.report(), AllOf(StartsWith("{\"error\":\""), HasSubstr(each.error), EndsWith("\"}\n"))) << each.script;
        const auto exit = box.wait_for_exit();
        ASSERT_TRUE(exit.has_value());
        EXPECT_EQ(exit->code, 1);
    }
}

TEST(HandlerHostProgram, AnswersLocally) {
    ASSERT_ROOT();
    EXPECT_THAT(answer_of("return new Response('ok\\n', {status: 201, headers: {'x-a': '1'}})"),
                AllOf(StartsWith("HTTP/1.1 201 Created\r\n"), HasSubstr("\r\nx-a: 1\r\n"), HasSubstr("\r\ncontent-length: 3\r\n"),
                      EndsWith("\r\n\r\nok\n")));
    EXPECT_THAT(answer_of("return new Response(null)"), AllOf(HasSubstr("content-length: 0"), EndsWith("\r\n\r\n")));
    EXPECT_THAT(answer_of("return new Response(null, {status: 204, headers: {'content-length': '5'}})"),
                AllOf(StartsWith("HTTP/1.1 204"), Not(HasSubstr("content-length"))));
    EXPECT_THAT(answer_of("const h = new Headers(); h.append('set-cookie', 'a=1'); h.append('set-cookie', 'b=2');"
                          "return new Response('', {headers: h})"),
                AllOf(HasSubstr("\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"), HasSubstr("content-length: 0")));
    EXPECT_THAT(answer_of("return new Response('x', {headers: {'x-sallyport-error': 'threw', 'transfer-encoding': 'chunked', "
                          "'content-length': '99', connection: 'upgrade'}})"),
                AllOf(Not(HasSubstr("sallyport")), Not(HasSubstr("chunked")), HasSubstr("content-length: 1\r\n")));
    TestCall head;
    head.method = "HEAD";
    EXPECT_THAT(answer_of("return new Response(null, {headers: {'content-length': '77'}})", head),
                AllOf(HasSubstr("content-length: 77"), EndsWith("\r\n\r\n")));
    EXPECT_THAT(answer_of("return new Response('x', {statusText: 'Fine Thing'})"), StartsWith("HTTP/1.1 200 Fine Thing\r\n"));
}

TEST(HandlerHostProgram, FetchesWhatItIsAskedFor) {
    ASSERT_ROOT();
    TestCall post;
    post.method = "POST";
    post.body = "hello";
    EXPECT_THAT(fetch_of("return fetch(request)", post),
                AllOf(StartsWith("POST https://my-internal-vcs.dev/repos HTTP/1.1\r\n"), HasSubstr("\r\ncontent-length: 5\r\n"),
                      Not(HasSubstr("transfer-encoding"))));
    EXPECT_THAT(fetch_of("return fetch('https://other.test/x', request)", post),
                AllOf(StartsWith("POST https://other.test/x HTTP/1.1\r\n"), HasSubstr("\r\nhost: other.test\r\n"),
                      HasSubstr("\r\ncontent-length: 5\r\n")));
    EXPECT_THAT(fetch_of("return fetch(request.url, {method: 'PUT', body: request.body})", post),
                AllOf(StartsWith("PUT "), HasSubstr("\r\ncontent-length: 5\r\n")));
    EXPECT_THAT(fetch_of("const h = new Headers(request.headers); return fetch(request, {headers: h, body: 'longer body'})", post),
                AllOf(StartsWith("POST "), HasSubstr("\r\ncontent-length: 11\r\n")));
    const std::string changed = "return fetch(request.url, {method: 'POST', headers: request.headers, body: request.body"
                                ".pipeThrough(new TransformStream({async transform(chunk, out) { out.enqueue(chunk);";
    EXPECT_THAT(fetch_of(changed + "out.enqueue(chunk) }}))})", post), HasSubstr("\r\ntransfer-encoding: chunked\r\n"));
    EXPECT_THAT(fetch_of("return fetch(request, {body: (await request.text()) + '!'})", post), HasSubstr("content-length: 6\r\n"));
    EXPECT_THAT(fetch_of("return fetch('https://x.test/#part', {method: 'DELETE', headers: {'x-sallyport-call': 'mine', te: 'trailers'}})"),
                AllOf(StartsWith("DELETE https://x.test/ HTTP/1.1\r\n"), Not(HasSubstr("mine")), Not(HasSubstr("te: "))));
    EXPECT_THAT(fetch_of("return fetch('http://x.test:8080', {method: 'POST'})"),
                AllOf(StartsWith("POST http://x.test:8080/ HTTP/1.1\r\n"), HasSubstr("\r\nhost: x.test:8080\r\n"),
                      HasSubstr("\r\ncontent-length: 0\r\n")));
    TestCall odd;
    odd.body = "query";
    EXPECT_THAT(fetch_of("return fetch(request, {headers: request.headers})", odd),
                AllOf(StartsWith("GET "), HasSubstr("\r\ncontent-length: 5\r\n")))
        << "GET with a body";
}

TEST(HandlerHostProgram, ReadsResponsesAndRewritesThem) {
    ASSERT_ROOT();
    HandlerBox box(outbound(R"(
        const response = await fetch(request);
        const value = await response.json();
        return Response.json({...value, seen: response.status, url: response.url});)"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.call({});
    Peer fetch = box.accept_fetch();
    fetch.read_head();
    // {"a":1} as gzip.
    const std::string packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x54\xb2\x32\xac\x05\x00\xaf\xac\x1b\x56\x07\x00\x00\x00", 27);
    fetch.send("HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 27\r\n\r\n" + packed);
    EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(client.read_to("}"), R"({"a":1,"seen":201,"url":"https://my-internal-vcs.dev/repos"})");
}

TEST(HandlerHostProgram, PassesAnyStatusAndEveryByte) {
    ASSERT_ROOT();
    HandlerBox box(outbound("return fetch(request)"));
    ASSERT_EQ(box.error(), "");
    std::string bytes;
    for (int i = 0; i < 1 << 16; ++i) bytes += static_cast<char>(i * 31 >> (i & 3));
    for (const char* status : {"999 Odd", "304 Not Modified", "302 Found", "200 OK"}) {
        Peer client = box.call({});
        Peer fetch = box.accept_fetch();
        fetch.read_head();
        const bool empty = std::string_view(status).starts_with("304");
        fetch.send("HTTP/1.1 " + std::string(status) + "\r\nLocation: /x\r\nConnection: close\r\nContent-Length: " +
                   std::to_string(bytes.size()) + "\r\n\r\n" + (empty ? "" : bytes));
        const std::string head = client.read_head();
        EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 " + std::string(status) + "\r\n"), HasSubstr("\r\nlocation: /x\r\n"),
                                HasSubstr("content-length: 65536")));
        if (!empty) {
            EXPECT_EQ(client.read_bytes(bytes.size()), bytes);
        }
    }
}

TEST(HandlerHostProgram, StreamsBothWaysAtOnce) {
    ASSERT_ROOT();
    for (const char* body : {"return fetch(request)", "return fetch(request, {headers: request.headers})",
                             "const r = await fetch(request); return new Response(r.body.pipeThrough(new TransformStream()), r)"}) {
        HandlerBox box(outbound(body));
        ASSERT_EQ(box.error(), "");
        TestCall call;
        call.method = "POST";
        call.fields = "Transfer-Encoding: chunked\r\n";
        Peer client = box.call(call);
        Peer fetch = box.accept_fetch();
        EXPECT_THAT(fetch.read_head(), HasSubstr("chunked")) << "before any of the body";
        client.send("3\r\none\r\n");
        EXPECT_EQ(fetch.read_chunk(), "one");
        fetch.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 200")) << "before any of the response's body";
        fetch.send("5\r\nfirst\r\n");
        EXPECT_EQ(client.read_chunk(), "first");
        client.send("3\r\ntwo\r\n");
        EXPECT_EQ(fetch.read_chunk(), "two");
        fetch.send("6\r\nsecond\r\n");
        EXPECT_EQ(client.read_chunk(), "second");
        client.send("0\r\n\r\n");
        EXPECT_EQ(fetch.read_chunk(), "");
        fetch.send("0\r\n\r\n");
        EXPECT_EQ(client.read_chunk(), "");
    }
}

TEST(HandlerHostProgram, HoldsNoMoreThanAWindowOfWhatNobodyReads) {
    ASSERT_ROOT();
    HandlerBox box(outbound("return fetch(request)"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.call({});
    Peer fetch = box.accept_fetch();
    fetch.read_head();
    fetch.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    const std::string block(64 << 10, 'x');
    std::size_t sent = 0;
    constexpr std::size_t kSentMax = 64 << 20;
    constexpr int kStalledMs = 1000;
    while (sent < kSentMax) {
        pollfd item{fetch.fd(), POLLOUT, 0};
        if (::poll(&item, 1, kStalledMs) <= 0) break;
        const ssize_t count = ::send(fetch.fd(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ASSERT_GT(count, 0);
        sent += static_cast<std::size_t>(count);
    }
    EXPECT_LT(sent, std::size_t{8} << 20) << "socket buffers and windows";
    ::shutdown(fetch.fd(), SHUT_WR);
    client.read_head();
    std::size_t received = 0;
    for (std::string chunk = client.read_chunk(); !chunk.empty(); chunk = client.read_chunk()) received += chunk.size();
    EXPECT_EQ(received, sent);
}

TEST(HandlerHostProgram, PassesAWebSocketThrough) {
    ASSERT_ROOT();
    HandlerBox box(outbound("const headers = new Headers(request.headers); headers.set('x-auth', 'canary');"
                            "return fetch(request, { headers })"));
    ASSERT_EQ(box.error(), "");
    TestCall call;
    call.fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    Peer client = box.call(call);
    Peer fetch = box.accept_fetch();
    const std::string head = fetch.read_head();
    for (const char* field : {"connection: Upgrade", "upgrade: websocket", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
                              "x-auth: canary"}) {
        EXPECT_TRUE(has_field(head, field)) << head;
    }
    fetch.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n\r\nearly");
    const std::string answer = client.read_head();
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 101 Switching Protocols\r\n"), HasSubstr("\r\nsec-websocket-accept: abc\r\n"),
                              HasSubstr("\r\nupgrade: websocket\r\n"), HasSubstr("\r\nconnection: Upgrade\r\n")));
    EXPECT_EQ(client.read_bytes(5), "early");
    client.send(std::string("\x81\x00up", 4));
    EXPECT_EQ(fetch.read_bytes(4), std::string("\x81\x00up", 4));
    fetch.send("down");
    EXPECT_EQ(client.read_bytes(4), "down");
    client.close();
    EXPECT_EQ(fetch.read_to_end(), "");
}

TEST(HandlerHostProgram, AnswersAnUpgradeThatIsRefused) {
    ASSERT_ROOT();
    HandlerBox box(outbound("return new Response('no sockets', {status: 403})"));
    ASSERT_EQ(box.error(), "");
    TestCall call;
    call.fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    EXPECT_THAT(box.call(call).read_to_end(), AllOf(StartsWith("HTTP/1.1 403"), EndsWith("\r\n\r\nno sockets")));
}

TEST(HandlerHostProgram, GivesEachCallItsOwnRightToFetch) {
    ASSERT_ROOT();
    HandlerBox box(R"js(
        let waiting = [];
        export const outbound = async (request, env) => {
          await new Promise((go) => { waiting.push(go); if (waiting.length === 8) waiting.forEach((each) => each()); });
          await new Promise((go) => setTimeout(go, 1));
          return fetch(request.url, { headers: { "x-env": env.SECRET } });
        };)js");
    ASSERT_EQ(box.error(), "");
    std::vector<Peer> clients;
    for (int i = 0; i < 8; ++i) {
        TestCall call;
        call.token = std::string(32, static_cast<char>('a' + i));
        call.url = "https://x.test/" + std::to_string(i);
        call.env = R"({"SECRET":"canary)" + std::to_string(i) + "\"}";
        clients.push_back(box.call(call));
    }
    for (int i = 0; i < 8; ++i) {
        Peer fetch = box.accept_fetch();
        const std::string head = fetch.read_head();
        const char which = head[std::string("GET https://x.test/").size()];
        EXPECT_TRUE(has_field(head, "x-sallyport-call: " + std::string(32, static_cast<char>('a' + which - '0')))) << head;
        EXPECT_TRUE(has_field(head, std::string("x-env: canary") + which)) << head;
        fetch.send(std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n") + which);
    }
    for (int i = 0; i < 8; ++i) {
        clients[static_cast<std::size_t>(i)].read_head();
        EXPECT_EQ(clients[static_cast<std::size_t>(i)].read_bytes(1), std::to_string(i));
    }
}

TEST(HandlerHostProgram, EndsWhatACallFetchesWithTheCall) {
    ASSERT_ROOT();
    HandlerBox box(outbound("request.signal.addEventListener('abort', () => console.log('aborted'));"
                            "setTimeout(() => fetch('https://late.test/').catch((error) => console.log(error.message)), 0);"
                            "return fetch(request)"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.call({});
    Peer fetches[] = {box.accept_fetch(), box.accept_fetch()};
    for (Peer& fetch : fetches) fetch.read_head();
    client.close();
    for (Peer& fetch : fetches) EXPECT_EQ(fetch.read_to_end(), "") << "the host closed it";
    Peer output(std::move(box.process().output));
    EXPECT_EQ(output.read_to("\n"), "aborted\n");
    EXPECT_EQ(output.read_to("\n"), "the call is over\n");
}

TEST(HandlerHostProgram, AllowsNoFetchAfterTheCall) {
    ASSERT_ROOT();
    HandlerBox box(R"js(
        let later;
        export const outbound = (request) => {
          if (later) later();
          else new Promise((go) => { later = go; }).then(() => fetch(request.url)).catch((error) => console.log(error.message));
          return new Response("now");
        };)js");
    ASSERT_EQ(box.error(), "");
    EXPECT_THAT(box.answer({}), EndsWith("now"));
    EXPECT_THAT(box.answer({}), EndsWith("now")) << "while this one lasts, the first one fetches";
    EXPECT_EQ(Peer(std::move(box.process().output)).read_to("\n"), "fetch works only while a handler's call lasts\n");
}

TEST(HandlerHostProgram, HonoursAnAbortSignal) {
    ASSERT_ROOT();
    HandlerBox box(outbound("const ac = new AbortController(); setTimeout(() => ac.abort(new Error('enough')), 10);"
                            "return fetch(request, {signal: ac.signal})"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.call({});
    Peer fetch = box.accept_fetch();
    fetch.read_head();
    EXPECT_THAT(client.read_to("enough"), HasSubstr("X-Sallyport-Error: threw"));
    EXPECT_EQ(fetch.read_to_end(), "");
}

TEST(HandlerHostProgram, BreaksOffWhereABodyDoes) {
    ASSERT_ROOT();
    HandlerBox box(outbound("return fetch(request)"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.call({});
    Peer fetch = box.accept_fetch();
    fetch.read_head();
    fetch.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    client.read_head();
    EXPECT_EQ(client.read_bytes(4), "half");
    fetch.close();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_THAT(box.answer({.method = "TRACE"}), HasSubstr("threw")) << "and goes on with other calls";
}

TEST(HandlerHostProgram, ALateErrorEndsNoOtherCall) {
    ASSERT_ROOT();
    HandlerBox box(outbound("Promise.reject(new Error('canary')); return new Response('ok')"));
    ASSERT_EQ(box.error(), "");
    EXPECT_THAT(box.answer({}), EndsWith("ok"));
    EXPECT_THAT(Peer(std::move(box.process().output)).read_to("\n"), HasSubstr("unhandled rejection: Error: canary"));
    EXPECT_THAT(box.answer({}), EndsWith("ok"));
}

TEST(HandlerHostProgram, UsesConnectionsAgain) {
    ASSERT_ROOT();
    HandlerBox box(outbound("return fetch(request)"));
    ASSERT_EQ(box.error(), "");
    Peer client = box.connect();
    Peer fetch;
    for (int i = 0; i < 20; ++i) {
        client.send(box.text({}));
        if (!fetch) fetch = box.accept_fetch();
        EXPECT_THAT(fetch.read_head(), StartsWith("GET "));
        fetch.send(kOk);
        client.read_head();
        EXPECT_EQ(client.read_bytes(2), "ok");
    }
}

}  // namespace
}  // namespace sallyport::sandbox
