#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/rules/sample.h"

// The sanitizers have an allocator of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SALLYPORT_COUNTS_ALLOCATIONS 1
namespace {
thread_local std::size_t allocations = 0;
}
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace sallyport::rules {
namespace {

using sample::decide;
using sample::file_with;
using sample::snapshot_of;

std::string scripted(const std::string& rest) {
    return "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN }, absent: { env: "
           "SALLYPORT_RULES_TEST_ABSENT } }\n"
           "credentials: { one: { type: bearer, secret: token } }\n"
           "policies:\n  p:\n    script: handlers/vcs.js\n" +
           rest;
}

TEST(Decide, DecisionsCarryWhatTheRuleGrants) {
    const auto snapshot =
        snapshot_of(file_with({"{ name: plain, host: a.example, paths: [/**] }",
                               "{ host: \"*.svc.internal\", cidr: [10.20.0.0/16, 10.30.0.0/16] }",
                               "{ host: c.example, credential: one, allow_cleartext_credential: true }"},
                              "allow"));
    const Decision plain = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(plain.rule, "plain");
    EXPECT_EQ(plain.credential, "");
    EXPECT_EQ(plain.credential_index, -1);
    EXPECT_EQ(plain.granted_networks, nullptr);
    EXPECT_TRUE(plain.path_decided);
    const Decision granted = decide(snapshot, "GET https://a.svc.internal/");
    ASSERT_NE(granted.granted_networks, nullptr);
    EXPECT_EQ(*granted.granted_networks, (std::vector<std::string>{"10.20.0.0/16", "10.30.0.0/16"}));
    EXPECT_FALSE(granted.path_decided);
    const Decision credentialed = decide(snapshot, "GET http://c.example/");
    EXPECT_EQ(credentialed.credential, "one");
    EXPECT_EQ(credentialed.credential_index, 0);
    EXPECT_TRUE(credentialed.allow_cleartext_credential);
    const Decision other = decide(snapshot, "GET https://z.example/");
    EXPECT_EQ(other.verdict, Verdict::allow);
    EXPECT_EQ(other.rule, "default");
    EXPECT_EQ(other.credential_index, -1);
    EXPECT_EQ(other.granted_networks, nullptr);
}

TEST(Decide, LayersAreAskedInTheirOrder) {
    sample::Extras extras;
    extras.script = ScriptExports{{"by-host.example", "*.by-host.example", "both.example"}, {"readOnly"}, true};
    extras.host_handlers = {{"both.example", {HandlerKind::named, "readOnly", R"({"a":1})"}}};
    extras.runtime_rules =
        "[ { name: own, host: \"*\", methods: [PUT] }, { name: own-deny, host: no.example, deny: true } ]";
    const auto text = scripted(
        "    rules:\n"
        "      - { name: wide, host: ruled.example }\n"
        "      - { name: named, host: named.example, port: [443, 8443], handler: readOnly, limit: { requests: 1/s } }\n"
        "      - { name: deny, host: by-host.example, methods: [DELETE], deny: true }\n");
    const auto snapshot = sample::snapshot_with(text, extras);
    ASSERT_TRUE(snapshot);
    const std::pair<std::string, std::string> cases[] = {
        {"DELETE https://by-host.example/", "denied_by_rule deny"},
        {"PUT https://no.example/", "denied_by_rule own-deny"},
        {"PUT https://both.example/", "allow handler readOnly"},
        {"PUT https://by-host.example/", "allow outboundByHost[by-host.example]"},
        {"GET http://x.by-host.example/", "allow outboundByHost[*.by-host.example]"},
        {"PUT https://ruled.example/", "allow own"},
        {"GET https://ruled.example/", "allow wide"},
        {"GET https://named.example:8443/", "allow named"},
        {"GET https://other.example/", "allow outbound"},
        {"GET https://other.example:8443/", "denied default"},
        {"GET https://by-host.example:8443/", "denied default"},
        {"GET https://192.0.2.1/", "address_literal default"},
    };
    for (const auto& [request, expected] : cases) EXPECT_EQ(sample::verdict_of(snapshot, request), expected) << request;
    const Decision attached = decide(snapshot, "GET https://both.example/");
    EXPECT_EQ(attached.action, Action::handler);
    EXPECT_EQ(attached.handler->kind, HandlerKind::named);
    EXPECT_EQ(attached.handler->params_json, R"({"a":1})");
    const Decision named = decide(snapshot, "GET https://named.example/");
    EXPECT_EQ(named.handler->kind, HandlerKind::rule);
    EXPECT_EQ(named.handler->name, "readOnly");
    EXPECT_EQ(named.limit->requests->amount, 1u);
    EXPECT_EQ(named.limit_key, "p/named");
    extras.catch_all = HandlerRef{HandlerKind::named, "readOnly", ""};
    const auto caught = sample::snapshot_with(text, extras);
    EXPECT_EQ(sample::verdict_of(caught, "GET https://other.example/"), "allow handler readOnly");
    EXPECT_EQ(sample::verdict_of(caught, "GET https://ruled.example/"), "allow wide");
}

TEST(Decide, AHandlersDecisionGrantsNothingButItsFetchesDo) {
    sample::Extras extras;
    extras.script = ScriptExports{{}, {"h"}, false};
    const auto snapshot = sample::snapshot_with(scripted("    rules: [ { name: r, host: a.example, cidr: 10.0.0.0/8, "
                                                         "handler: h, credential: one, limit: { requests: 1/s } } ]\n"),
                                                extras);
    ASSERT_TRUE(snapshot);
    const Decision asked = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(asked.action, Action::handler);
    EXPECT_EQ(asked.granted_networks, nullptr);
    EXPECT_EQ(asked.credential_index, -1);
    EXPECT_EQ(asked.credential, "");
    EXPECT_NE(asked.limit, nullptr);
    const Decision fetched = snapshot->decide(sample::request_of("GET https://a.example/"), {}, Handlers::skip);
    EXPECT_EQ(fetched.verdict, Verdict::allow);
    EXPECT_EQ(fetched.action, Action::forward);
    EXPECT_EQ(fetched.rule, "r");
    EXPECT_EQ(fetched.credential, "one");
    ASSERT_NE(fetched.granted_networks, nullptr);
    EXPECT_EQ(*fetched.granted_networks, std::vector<std::string>{"10.0.0.0/8"});
    ASSERT_NE(fetched.limit, nullptr) << "a handler of another host fetches under it too";
    EXPECT_EQ(fetched.limit_key, asked.limit_key);
}

TEST(Decide, AHandlerThatNothingCanRunDenies) {
    sample::Extras extras;
    extras.host_handlers = {{"a.example", {HandlerKind::named, "h", ""}}};
    extras.runtime_rules = "[ { name: r, host: b.example, handler: h } ]";
    const auto snapshot = sample::snapshot_with(file_with({"{ host: a.example }"}, "allow"), extras);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(sample::verdict_of(snapshot, "GET https://a.example/"), "handler_missing handler h");
    EXPECT_EQ(sample::verdict_of(snapshot, "GET https://b.example/"), "handler_missing r");
    const auto service = sample::snapshot_with(
        "version: 1\npolicies: { p: { handler_socket: /run/h.sock, rules: [ { host: c.example } ] } }\n", extras);
    ASSERT_TRUE(service);
    EXPECT_EQ(sample::verdict_of(service, "GET https://a.example/"), "allow handler h");
    EXPECT_EQ(service->handler_socket(), "/run/h.sock");
}

TEST(Decide, CarriesWhatARuleDoesBesideAllowing) {
    const auto snapshot = snapshot_of(
        file_with({"{ name: up, host: a.example, upstream: \"https://staging.example:8443\", credential: one }",
                   "{ name: here, host: b.example, respond: { status: 418, body: tea } }",
                   "{ name: ws, host: c.example, websocket: false }"}));
    const Decision rewritten = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(rewritten.action, Action::forward);
    EXPECT_EQ(rewritten.upstream->authority, (http::Authority{"staging.example", 8443, false}));
    EXPECT_EQ(rewritten.credential, "one");
    const Decision answered = decide(snapshot, "GET https://b.example/");
    EXPECT_EQ(answered.action, Action::respond);
    EXPECT_EQ(answered.respond->status, 418);
    EXPECT_TRUE(answered.websocket);
    EXPECT_FALSE(decide(snapshot, "GET https://c.example/").websocket);
}

// The destination's scheme is what carries the credential, not what the sandbox speaks.
TEST(Decide, D12_ARewrittenRequestIsJudgedByItsDestinationsScheme) {
    const auto upgraded =
        snapshot_of(file_with({"{ name: up, host: a.example, upstream: \"https://b.example\", credential: one }"}));
    EXPECT_EQ(sample::verdict_of(upgraded, "GET http://a.example/"), "allow up");
    EXPECT_EQ(sample::verdict_of(upgraded, "GET https://a.example/"), "allow up");
    const std::string down = "{ host: a.example, upstream: \"http://b.example\", credential: one";
    EXPECT_EQ(sample::first_diagnostic(file_with({down + " }"})),
              "f.yaml:9:38: error: a credential over cleartext needs \"allow_cleartext_credential: true\"");
    EXPECT_EQ(sample::first_diagnostic(file_with({down + ", allow_cleartext_credential: true }"})), "");
    EXPECT_EQ(
        sample::first_diagnostic(file_with({"{ host: a.example, upstream: \"https://192.0.2.1\", credential: one }"})),
        "f.yaml:9:38: error: a credential never goes to an address: \"192.0.2.1\"");
}

TEST(Decide, TunnelsAreGrantedByTheirOwnRulesOnly) {
    const auto snapshot = snapshot_of(file_with(
        {"{ name: db, tcp: \"db.internal:5432\", cidr: 10.0.0.0/8, limit: { bytes_out: 1MB/h } }",
         "{ name: pin, host: pinned.example, tls: passthrough }", "{ name: plain, host: plain.example }",
         "{ name: late, tcp: \"plain.example:443\" }",
         "{ name: partly, host: \"*.denied.example\", methods: [PUT], deny: true }", "{ tcp: \"a.denied.example:22\" }",
         "{ host: a.denied.example, tls: passthrough }", "{ name: ssh, tcp: \"192.0.2.1:22\" }"},
        "allow"));
    ASSERT_TRUE(snapshot);
    const auto tunnel = [&](TunnelKind kind, std::string_view host, std::uint16_t port, bool is_address = false) {
        return sample::to_text(snapshot->decide_tunnel(kind, host, is_address, port));
    };
    EXPECT_EQ(tunnel(TunnelKind::tcp, "db.internal", 5432), "allow db");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "db.internal", 443), "denied default");
    EXPECT_EQ(tunnel(TunnelKind::passthrough, "db.internal", 5432), "denied default");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "other.internal", 5432), "denied default");
    EXPECT_EQ(tunnel(TunnelKind::passthrough, "pinned.example", 443), "allow pin");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "pinned.example", 443), "denied default");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "plain.example", 443), "denied default");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "a.denied.example", 22), "denied_by_rule partly");
    EXPECT_EQ(tunnel(TunnelKind::passthrough, "a.denied.example", 443), "denied_by_rule partly");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "192.0.2.1", 22, true), "allow ssh");
    EXPECT_EQ(tunnel(TunnelKind::tcp, "192.0.2.2", 22, true), "address_literal default");
    const Decision db = snapshot->decide_tunnel(TunnelKind::tcp, "db.internal", false, 5432);
    EXPECT_EQ(*db.granted_networks, std::vector<std::string>{"10.0.0.0/8"});
    EXPECT_EQ(db.limit->bytes_out->amount, 1'000'000u);
    EXPECT_EQ(db.limit_key, "p/db");
    EXPECT_EQ(db.credential_index, -1);
    EXPECT_EQ(snapshot->reach(http::Scheme::https, "pinned.example", false, 443), Reach::passthrough);
    EXPECT_EQ(snapshot->reach(http::Scheme::https, "plain.example", false, 443), Reach::intercept);
    EXPECT_EQ(sample::verdict_of(
                  snapshot_of(file_with({"{ tcp: \"a.example:443\" }", "{ host: b.example, tls: passthrough }"})),
                  "GET https://a.example/"),
              "denied default");
}

#ifdef SALLYPORT_COUNTS_ALLOCATIONS
TEST(Decide, DecidesWithoutAllocating) {
    std::vector<std::string> rules{
        "{ host: \"**.a.example\", paths: [\"/x/*/z/**\"], query: { q: \"*a*\" }, headers: { accept: \"*j*\" } }",
        "{ host: a.a.example, methods: [GET], credential: one }", "{ cidr: 10.0.0.0/8 }"};
    for (int i = 0; i < 100; ++i) rules.push_back("{ host: h" + std::to_string(i) + ".example }");
    const auto snapshot = snapshot_of(file_with(rules));
    http::HeaderMap headers;
    headers.add("Accept", "application/json");
    const http::CanonicalRequest requests[] = {
        sample::request_of("GET https://a.a.example/x/y/z/w?q=%61"), sample::request_of("GET https://a.a.example/v"),
        sample::request_of("GET https://10.1.1.1/"),
        sample::request_of("GET https://a-name-longer-than-small-strings.example/")};
    const std::size_t before = allocations;
    for (const auto& request : requests) {
        const Decision decision = snapshot->decide(request, headers);
        const auto reach = snapshot->reach(request.scheme, request.authority.host, request.authority.is_address, 443);
        ASSERT_TRUE(decision.verdict == Verdict::deny || reach == Reach::intercept);
    }
    EXPECT_EQ(allocations, before);
}

TEST(Decide, DecidesAboutHandlersAndTunnelsWithoutAllocating) {
    sample::Extras extras;
    extras.script = ScriptExports{{"*.by-host-with-a-long-name.example"}, {}, true};
    extras.host_handlers = {{"attached-with-a-long-name.example", {HandlerKind::named, "h", ""}}};
    extras.runtime_rules = "[ { tcp: \"database-with-a-long-name.internal:5432\" }, { host: ruled.example } ]";
    const auto snapshot = sample::snapshot_with(
        "version: 1\npolicies: { p: { script: a.js, rules: [ { host: pinned.example, tls: passthrough } ] } }\n",
        extras);
    ASSERT_TRUE(snapshot);
    const http::CanonicalRequest requests[] = {sample::request_of("GET https://x.by-host-with-a-long-name.example/"),
                                               sample::request_of("GET https://attached-with-a-long-name.example/"),
                                               sample::request_of("GET https://any-other-name-that-is-long.example/")};
    const std::size_t before = allocations;
    for (const auto& request : requests) {
        const Decision decision = snapshot->decide(request, {});
        ASSERT_EQ(decision.action, Action::handler);
    }
    const auto tcp = snapshot->decide_tunnel(TunnelKind::tcp, "database-with-a-long-name.internal", false, 5432);
    const auto passthrough = snapshot->decide_tunnel(TunnelKind::passthrough, "pinned.example", false, 443);
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(tcp.verdict, Verdict::allow);
    EXPECT_EQ(passthrough.verdict, Verdict::allow);
}
#endif

}  // namespace
}  // namespace sallyport::rules
