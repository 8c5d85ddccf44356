#include "proxy/fetch_connection.h"

#include <nlohmann/json.hpp>

#include "tests/proxy/handler_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET }, seen: { env: GATE_TEST_ENV_SECRET } }
credentials: { vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" } }
policies:
  p:
    script: handlers/vcs.js
    env: { SECRET: seen }
    handler_limits: { deadline: @DEADLINE@ }
    rules:
      - { name: own, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, handler: vcs,
          limit: { requests: 1/h, bytes_out: 2000B/h } }
      - { name: keyed, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true, paths: ["/keyed"] }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/open/**"] }
      - { name: never, host: vcs.example, port: @PORT@, paths: ["/never"], deny: true }
      - { name: handled, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/handled"],
          handler: vcs, limit: { requests: 1/h } }
)";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class FetchTest : public HandlerTest {
protected:
    // A call whose own host is the origin; returns its token.
    std::string start_call(const std::string& deadline = "10s") {
        std::string policy = kPolicy;
        policy.replace(policy.find("@DEADLINE@"), 10, deadline);
        policy_ = policy;
        start_with_handlers(policy);
        client_ = &connect();
        client_->send(with_port("GET /call HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
        return field(call().received, "X-Sallyport-Call");
    }
    std::string url(const std::string& host, const std::string& path) const { return with_port("http://" + host + ":@PORT@" + path); }
    static std::string error_in(const std::string& answer) {
        const std::size_t body = answer.find("{\"error\"");
        return body == std::string::npos ? answer : nlohmann::json::parse(answer.substr(body))["error"].get<std::string>();
    }

    std::string policy_;
    TestClient* client_ = nullptr;
};

TEST_F(FetchTest, ReachesTheCallsOwnHostAndStreamsBack) {
    const std::string token = start_call();
    origin.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"};
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/x?y=z"), "X-Field: kept\r\nTransfer-Encoding: chunked\r\n", "POST") + "2\r\nup\r\n");
    run_until([&] { return host.received.ends_with("3\r\none\r\n"); });
    host.send("0\r\n\r\n");
    run_until([&] { return origin.received().ends_with("2\r\nup\r\n0\r\n\r\n"); });
    origin.connections[0]->peer->send("0\r\n\r\n");
    run_until([&] { return host.received.ends_with("0\r\n\r\n"); });
    const std::string head = origin.received();
    EXPECT_TRUE(head.starts_with(with_port("POST /x?y=z HTTP/1.1\r\n"))) << head;
    EXPECT_NE(head.find(with_port("Host: vcs.example:@PORT@\r\n")), std::string::npos);
    EXPECT_NE(head.find("X-Field: kept\r\n"), std::string::npos);
    EXPECT_EQ(head.find("ignored"), std::string::npos);
    EXPECT_EQ(head.find("allyport"), std::string::npos);
    run_until_logged(1);
    const auto line = nlohmann::json::parse(log_lines()[0]);
    EXPECT_EQ(line["rule"], "own");
    EXPECT_EQ(line["call"].get<std::string>().size(), 16u);
    EXPECT_NE(line["call"], line["request_id"]);
}

TEST_F(FetchTest, WithoutACallsTokenItIsRefused) {
    start_call();
    for (const char* token : {"", "0", "00000000000000000000000000000000"}) {
        TestClient& host = fetcher();
        host.send(fetch(token, url("vcs.example", "/")));
        run_until([&] { return host.received.ends_with("}\n"); });
        EXPECT_TRUE(host.received.starts_with("HTTP/1.1 403 ")) << host.received;
    }
    EXPECT_EQ(origin.connections.size(), 0u);
    run_until_logged(3);
}

TEST_F(FetchTest, ATargetThatIsNotAbsoluteIsRefused) {
    const std::string token = start_call();
    for (const char* target : {"/path", "ftp://vcs.example/", "http://", "http://a@b/", "vcs.example:80"}) {
        TestClient& host = fetcher();
        host.send(fetch(token, target));
        run_until([&] { return host.received.ends_with("}\n"); });
        EXPECT_TRUE(host.received.starts_with("HTTP/1.1 400 ")) << target << host.received;
    }
}

TEST_F(FetchTest, DenyRulesHold) {
    const std::string token = start_call();
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/never")));
    run_until([&] { return host.received.ends_with("}\n"); });
    EXPECT_EQ(error_in(host.received), "denied_by_rule");
    EXPECT_NE(host.received.find("x-sallyport-verdict: deny"), std::string::npos);
}

TEST_F(FetchTest, AnotherHostIsDecidedByItsRulesWithTheirCredential) {
    const std::string token = start_call();
    origin.responses = {kOk};
    TestClient& host = fetcher();
    host.send(fetch(token, url("other.example", "/keyed"), "X-Auth-Token: mine\r\n"));
    run_until([&] { return host.received.ends_with("ok"); });
    EXPECT_NE(origin.received().find(std::string("X-Auth-Token: ") + kMarkerSecret), std::string::npos);
    EXPECT_EQ(origin.received().find("mine"), std::string::npos);
    host.received.clear();
    host.send(fetch(token, url("other.example", "/else")));
    run_until([&] { return host.received.ends_with("}\n"); });
    EXPECT_EQ(error_in(host.received), "denied");
    run_until_logged(2);
}

// D12: what a handler was given does not leave over cleartext either.
TEST_F(FetchTest, D12_AValueOfTheEnvironmentIsNotSentOverCleartext) {
    const std::string token = start_call();
    TestClient& host = fetcher();
    const std::string in_field = fetch(token, url("vcs.example", "/"), std::string("X-Auth: Bearer ") + kEnvSecret + "\r\n");
    const std::string in_target = fetch(token, url("other.example", std::string("/open/?key=") + kEnvSecret));
    for (const std::string& each : {in_field, in_target}) {
        host.received.clear();
        host.send(each);
        run_until([&] { return host.received.ends_with("}\n"); });
        EXPECT_EQ(error_in(host.received), "cleartext_credential");
    }
    EXPECT_EQ(origin.connections.size(), 0u);
    run_until_logged(2);
    EXPECT_EQ(nlohmann::json::parse(log_lines()[1])["target"], "***") << "a value is not in a log";
}

TEST_F(FetchTest, D12_WhereTheRuleSaysSoItIsSentAndStillNotLogged) {
    const std::string token = start_call();
    origin.responses = {kOk};
    TestClient& host = fetcher();
    host.send(fetch(token, url("other.example", std::string("/keyed?key=") + kEnvSecret)));
    run_until([&] { return host.received.ends_with("ok"); });
    EXPECT_NE(origin.received().find(kEnvSecret), std::string::npos);
    run_until_logged(1);
    EXPECT_EQ(nlohmann::json::parse(log_lines()[0])["target"], "***");
}

TEST_F(FetchTest, ACallThatEndsTakesItsFetchesWithIt) {
    const std::string token = start_call();
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"};
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/")));
    run_until([&] { return host.received.ends_with("begin"); });
    handlers.connections[0]->send(kOk);
    run_until([&] { return client_->received.ends_with("ok"); });
    run_until([&] { return host.closed && origin.connections[0]->peer->closed; });
    run_until_logged(2);
    TestClient& late = fetcher();
    late.send(fetch(token, url("vcs.example", "/")));
    run_until([&] { return late.received.ends_with("}\n"); });
    EXPECT_EQ(error_in(late.received), "denied");
}

// X6: a fetch that comes too late may hold what its call was given, and nobody can tell any more.
TEST_F(FetchTest, X6_TheTargetOfAFetchWithoutACallIsNotLogged) {
    const std::string token = start_call();
    const std::string key = std::string("?key=") + kEnvSecret;
    const std::string broken_target = "ftp://vcs.example/" + key;
    const std::string cases[] = {fetch(std::string(32, '0'), url("vcs.example", "/" + key)), fetch(token, broken_target)};
    std::size_t lines = 0;
    for (const std::string& each : cases) {
        TestClient& host = fetcher();
        host.send(each);
        run_until([&] { return host.received.ends_with("}\n"); });
        run_until_logged(++lines);
        EXPECT_EQ(log_lines().back().find(kEnvSecret), std::string::npos) << log_lines().back();
        EXPECT_EQ(nlohmann::json::parse(log_lines().back())["target"], "***");
    }
}

TEST_F(FetchTest, AClientThatLeavesEndsTheCallAndItsFetches) {
    const std::string token = start_call();
    origin.responses = {""};
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/")));
    run_until([&] { return !origin.connections.empty() && origin.received().ends_with("\r\n\r\n"); });
    client_->send("x");
    client_->vanish();
    client_ = nullptr;
    handlers.connections[0]->send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nto nobody");
    run_until([&] { return host.closed && origin.connections[0]->peer->closed && handlers.connections[0]->closed; });
}

// X11: the deadline is the handler's, not the origin's.
TEST_F(FetchTest, X11_WaitingForAnOriginDoesNotCount) {
    const std::string token = start_call("40ms");
    origin.responses = {""};
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/")));
    run_until([&] { return !origin.connections.empty() && origin.received().ends_with("\r\n\r\n"); });
    bool waited = false;
    net::Timer long_enough(loop, [&] { waited = true; });
    long_enough.start(milliseconds(150));
    run_until([&] { return waited; });
    EXPECT_TRUE(handlers.killed.empty());
    origin.connections[0]->peer->send(kOk);
    run_until([&] { return host.received.ends_with("ok"); });
    // Now it is the handler that does not go on.
    run_until([&] { return client_->received.ends_with("}\n"); });
    EXPECT_EQ(error_in(client_->received), "handler_timeout");
    EXPECT_EQ(handlers.killed.size(), 1u);
}

TEST_F(FetchTest, X11_AHandlerThatDoesNotReadWhatItFetchesIsNotWaitingForTheOrigin) {
    const std::string token = start_call("60ms");
    const std::size_t size = 4 * 1024 * 1024;
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x')};
    TestClient& host = fetcher();
    host.stop_reading();
    host.send(fetch(token, url("vcs.example", "/")));
    run_until([&] { return client_->received.ends_with("}\n"); });
    EXPECT_EQ(error_in(client_->received), "handler_timeout");
}

// P25: limits count what goes out for a call, and the call once.
TEST_F(FetchTest, P25_TheRulesLimitCountsTheCallOnceAndItsBytes) {
    const std::string token = start_call();
    origin.responses = {kOk, kOk, kOk};
    TestClient& host = fetcher();
    for (int i = 0; i < 2; ++i) {
        host.received.clear();
        host.send(fetch(token, url("vcs.example", "/")));
        run_until([&] { return host.received.ends_with("ok"); });
    }
    host.received.clear();
    host.send(fetch(token, url("vcs.example", "/"), "Content-Length: 3000\r\n", "POST") + std::string(3000, 'x'));
    run_until([&] { return host.received.find("429") != std::string::npos && host.received.ends_with("}\n"); });
    EXPECT_EQ(origin.received().find("xx"), std::string::npos);
}

// P25: a rule that names a handler limits what the handlers of other hosts fetch from its own.
TEST_F(FetchTest, P25_TheLimitOfAnotherHostsRuleHoldsThoughTheRuleNamesAHandler) {
    const std::string token = start_call();
    origin.responses = {kOk, kOk};
    TestClient& host = fetcher();
    host.send(fetch(token, url("other.example", "/handled")));
    run_until([&] { return host.received.ends_with("ok"); });
    host.received.clear();
    host.send(fetch(token, url("other.example", "/handled")));
    run_until([&] { return host.received.ends_with("}\n"); });
    EXPECT_EQ(error_in(host.received), "rate_limited");
}

// P20: what a new policy denies a handler ends at once.
TEST_F(FetchTest, P20_AFetchIsCutWhenTheNewPolicyDeniesIt) {
    const std::string token = start_call();
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"};
    TestClient& host = fetcher();
    host.send(fetch(token, url("other.example", "/open/x")));
    run_until([&] { return host.received.ends_with("begin"); });
    std::string changed = policy_;
    changed.replace(changed.find("/open/**"), 8, "/opened/");
    publish(changed, Generation{2});
    run_until([&] { return host.closed && origin.connections[0]->peer->closed; });
    EXPECT_TRUE(client_->received.empty()) << "the call itself may go on";
    handlers.connections[0]->send(kOk);
    run_until([&] { return client_->received.ends_with("ok"); });
}

TEST_F(FetchTest, WebSocketsAreFetchedLikeAnythingElse) {
    const std::string token = start_call();
    origin.responses = {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello"};
    TestClient& host = fetcher();
    host.send(fetch(token, url("vcs.example", "/"), "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    run_until([&] { return host.received.ends_with("\r\n\r\nhello"); });
    host.send("world");
    run_until([&] { return origin.received().ends_with("\r\n\r\nworld"); });
    host.half_close();
    run_until([&] { return origin.connections[0]->peer->closed; });
    origin.connections[0]->peer->half_close();
    run_until([&] { return host.closed; });
    run_until_logged(1);
}

TEST_F(FetchTest, OneConnectionServesSeveralFetchesInTurn) {
    const std::string token = start_call();
    origin.responses = {kOk, kOk};
    TestClient& host = fetcher();
    host.send(fetch(token, url("other.example", "/open/1")) + fetch(token, url("other.example", "/open/2")));
    run_until([&] { return host.received == std::string(kOk) + kOk; });
    EXPECT_EQ(origin.connections.size(), 1u);
    std::vector<LiveConnection> live;
    egress->calls().list(live);
    ASSERT_EQ(live.size(), 1u);
    EXPECT_EQ(live[0].protocol, "fetch");
    EXPECT_EQ(live[0].requests, 2u);
    EXPECT_TRUE(egress->close_connection(live[0].id));
    run_until([&] { return host.closed; });
}

TEST_F(FetchTest, BytesThatAreNoRequestAreAnsweredAndEnd) {
    start_call();
    TestClient& host = fetcher();
    host.send("nonsense\r\n\r\n");
    run_until([&] { return host.closed; });
    EXPECT_TRUE(host.received.starts_with("HTTP/1.1 400 ")) << host.received;
}

}  // namespace
}  // namespace sallyport::proxy
