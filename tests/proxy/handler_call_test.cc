#include "proxy/handler_call.h"

#include <nlohmann/json.hpp>

#include "tests/proxy/handler_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { seen: { env: GATE_TEST_ENV_SECRET } }
policies:
  p:
    script: handlers/vcs.js
    env: { SECRET: seen }
    handler_limits: { deadline: @DEADLINE@, concurrency: 2 }
    rules:
      - { name: by-rule, host: rule.example, port: 8080, scheme: http, handler: vcs, limit: { requests: 2/h } }
      - { name: never, host: vcs.example, paths: ["/never"], deny: true }
)";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class HandlerCallTest : public HandlerTest {
protected:
    void start_calls(const std::string& deadline = "10s", Deadlines deadlines = {}) {
        std::string policy = kPolicy;
        policy.replace(policy.find("@DEADLINE@"), 10, deadline);
        start_with_handlers(policy, deadlines);
    }
    std::string error_of(TestClient& client) {
        run_until([&] { return client.closed || client.received.ends_with("}\n"); });
        const std::size_t body = client.received.find("{\"error\"");
        return body == std::string::npos ? client.received : nlohmann::json::parse(client.received.substr(body))["error"].get<std::string>();
    }
};

TEST_F(HandlerCallTest, TheHandlerGetsTheRequestAndWhatItMaySee) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example", "/a%20b?c=d", "Authorization: Bearer own\r\nX-Sallyport-Env: forged\r\nX_Sallyport_Call: forged\r\n"
                                                 "Connection: X-Drop\r\nX-Drop: 1\r\n"));
    const std::string head = call().received;
    EXPECT_TRUE(head.starts_with("GET http://vcs.example/a%20b?c=d HTTP/1.1\r\nHost: vcs.example\r\n")) << head;
    EXPECT_EQ(field(head, "Authorization"), "Bearer own");
    EXPECT_EQ(head.find("forged"), std::string::npos);
    EXPECT_EQ(head.find("X-Drop"), std::string::npos);
    EXPECT_EQ(field(head, "X-Sallyport-Call").size(), 32u);
    EXPECT_EQ(field(head, "X-Sallyport-Fetch"), "/fetch.sock");
    EXPECT_EQ(field(head, "X-Sallyport-Handler"), "by_host vcs.example");
    EXPECT_EQ(nlohmann::json::parse(decoded(field(head, "X-Sallyport-Env"))), nlohmann::json({{"SECRET", kEnvSecret}}));
    const auto seen = nlohmann::json::parse(decoded(field(head, "X-Sallyport-Context")));
    EXPECT_EQ(seen["sandboxId"], "box");
    EXPECT_EQ(seen["containerId"], "box");
    EXPECT_EQ(seen["className"], "p");
    EXPECT_EQ(seen["policy"], "p");
    EXPECT_TRUE(seen["params"].is_object());
    handlers.connections[0]->send("HTTP/1.1 201 Created\r\nX-Sallyport-Verdict: allow\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(client.received, "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
    run_until_logged(1);
    const auto line = nlohmann::json::parse(log_lines()[0]);
    EXPECT_EQ(line["verdict"], "allow");
    EXPECT_EQ(line["handler"], "outboundByHost[vcs.example]");
    EXPECT_EQ(line["rule"], "outboundByHost[vcs.example]");
    EXPECT_EQ(line["request_id"], seen["requestId"]);
    EXPECT_FALSE(line.contains("credential"));
}

TEST_F(HandlerCallTest, EachKindIsNamed) {
    start_calls();
    TestClient& outbound = connect_for("free.example");
    outbound.send(get("free.example"));
    EXPECT_EQ(field(call(0).received, "X-Sallyport-Handler"), "outbound");
    TestClient& by_rule = connect_for("rule.example", 8080);
    by_rule.send(get("rule.example:8080"));
    EXPECT_EQ(field(call(1).received, "X-Sallyport-Handler"), "rule vcs");
    EXPECT_TRUE(handlers.connections[1]->received.starts_with("GET http://rule.example:8080/ HTTP/1.1\r\n"));
}

TEST_F(HandlerCallTest, ParamsOfAnAttachedHandlerStandOverTheSandboxes) {
    auto attached = std::make_shared<rules::RuntimeRules>();
    attached->host_handlers["free.example"] = {rules::HandlerKind::named, "named", R"({ "tier": {"a": [1]}, "new": "\u00e9" })"};
    attached->catch_all = rules::HandlerRef{rules::HandlerKind::named, "named", "{ }"};
    runtime = attached;
    start_calls();
    TestClient& client = connect_for("free.example");
    client.send(get("free.example"));
    const std::string head = call(0).received;
    EXPECT_EQ(field(head, "X-Sallyport-Handler"), "named named");
    EXPECT_EQ(nlohmann::json::parse(decoded(field(head, "X-Sallyport-Context")))["params"],
              nlohmann::json::parse(R"({"tenant": "acme", "tier": {"a": [1]}, "new": "\u00e9"})"));
    TestClient& other = connect_for("other.example");
    other.send(get("other.example"));
    EXPECT_EQ(nlohmann::json::parse(decoded(field(call(1).received, "X-Sallyport-Context")))["params"],
              nlohmann::json::parse(R"({"tenant": "acme", "tier": "low"})"));
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
    run_until_logged(1);
    EXPECT_EQ(nlohmann::json::parse(log_lines()[0])["handler"], "named");
}

TEST_F(HandlerCallTest, DenyRulesComeFirst) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example", "/never"));
    EXPECT_EQ(error_of(client), "denied_by_rule");
    EXPECT_TRUE(handlers.connections.empty());
}

TEST_F(HandlerCallTest, BodiesStreamBothWays) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send("POST / HTTP/1.1\r\nHost: vcs.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("3\r\none\r\n"); });
    handlers.connections[0]->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nONE\r\n");
    run_until([&] { return client.received.ends_with("3\r\nONE\r\n"); });
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("3\r\ntwo\r\n0\r\n\r\n"); });
    handlers.connections[0]->send("0\r\n\r\n");
    run_until([&] { return client.received.ends_with("0\r\n\r\n"); });
    run_until_logged(1);
}

TEST_F(HandlerCallTest, ABodyWaitsForAHostThatIsBeingStarted) {
    start_calls();
    handlers.holds_back = true;
    TestClient& client = connect_for("vcs.example");
    const std::string body(300'000, 'b');
    client.send("POST / HTTP/1.1\r\nHost: vcs.example\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n");
    client.send(body);
    int rounds = 0;
    run_until([&] { return ++rounds > 20; });
    EXPECT_EQ(client.received, "") << "nobody wants the body yet";
    handlers.holds_back = false;
    handlers.answer_waiting();
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("\r\n\r\n" + body); });
    EXPECT_EQ(client.received, "HTTP/1.1 100 Continue\r\n\r\n");
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
}

TEST_F(HandlerCallTest, ConnectionsAreKeptAndCallsHaveTokensOfTheirOwn) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example", "/1"));
    const std::string first = call().received;
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
    client.received.clear();
    handlers.connections[0]->received.clear();
    client.send(get("vcs.example", "/2"));
    const std::string second = call().received;
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(handlers.connections.size(), 1u);
    EXPECT_NE(field(first, "X-Sallyport-Call"), field(second, "X-Sallyport-Call"));
}

TEST_F(HandlerCallTest, AnIdleConnectionThatDiesIsReplacedOnce) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call();
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
    client.received.clear();
    // Its end and the next request arrive together.
    client.send(get("vcs.example", "/again"));
    handlers.connections[0]->vanish();
    EXPECT_TRUE(call(1).received.starts_with("GET http://vcs.example/again ")) << handlers.connections[1]->received;
    handlers.connections[1]->vanish();
    EXPECT_EQ(error_of(client), "handler_crashed");
    EXPECT_EQ(handlers.connections.size(), 2u);
}

TEST_F(HandlerCallTest, FailuresOfTheHandlerAreRefusalsWithItsWordsInTheLogAlone) {
    start_calls();
    const std::pair<const char*, const char*> cases[] = {
        {"threw", "handler_threw"}, {"bad_return", "handler_bad_return"}, {"missing", "handler_missing"}, {"odd", "handler_bad_return"}};
    std::size_t connection = 0;
    for (const auto& each : cases) {
        TestClient& client = connect_for("vcs.example");
        client.send(get("vcs.example"));
        call(connection);
        const std::string reason = std::string("at line 3: ") + kEnvSecret + " is wrong";
        handlers.connections[connection]->send("HTTP/1.1 500 No\r\nX-Sallyport-Error: " + std::string(each.first) +
                                               "\r\nContent-Length: " + std::to_string(reason.size()) + "\r\n\r\n" + reason);
        EXPECT_EQ(error_of(client), each.second);
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
        EXPECT_EQ(client.received.find("line 3"), std::string::npos);
        ++connection;
        run_until_logged(connection);
        EXPECT_NE(log_lines().back().find("at line 3: *** is wrong"), std::string::npos) << log_lines().back();
        EXPECT_NE(log_lines().back().find("\"verdict\":\"deny\""), std::string::npos);
    }
}

// X6: neither a value's beginning at the end of a text that was cut, nor the rest of one that holds another.
TEST_F(HandlerCallTest, X6_WhatIsLeftOfAValueInTheHandlersWordsIsMaskedToo) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call();
    const std::string value = kEnvSecret;
    const std::string reason = std::string(kHandlerReasonBytesMax - value.size() + 1, '.') + value;
    handlers.connections[0]->send("HTTP/1.1 500 No\r\nX-Sallyport-Error: threw\r\nContent-Length: " +
                                  std::to_string(reason.size()) + "\r\n\r\n" + reason);
    EXPECT_EQ(error_of(client), "handler_threw");
    run_until_logged(1);
    EXPECT_EQ(log_lines()[0].find(value.substr(0, value.size() - 1)), std::string::npos) << log_lines()[0];
    EXPECT_NE(log_lines()[0].find("...***"), std::string::npos) << log_lines()[0];
}

TEST_F(HandlerCallTest, AnAnswerThatIsNoneIsARefusal) {
    start_calls();
    std::size_t connection = 0;
    for (const char* answer : {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                               "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"}) {
        TestClient& client = connect_for("vcs.example");
        client.send(get("vcs.example"));
        call(connection);
        handlers.connections[connection]->send(answer);
        EXPECT_EQ(error_of(client), "handler_bad_return") << answer;
        ++connection;
    }
}

TEST_F(HandlerCallTest, AHostThatCannotBeHadIsARefusal) {
    start_calls();
    handlers.refuses = Error{ErrorCode::handler_unavailable, "it does not start"};
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    EXPECT_EQ(error_of(client), "handler_unavailable");
    context().handlers = nullptr;
    client.received.clear();
    client.send(get("vcs.example"));
    EXPECT_EQ(error_of(client), "handler_unavailable");
}

TEST_F(HandlerCallTest, X11_AHostThatIsNotConnectedInTimeIsARefusal) {
    Deadlines deadlines;
    deadlines.connect = milliseconds(20);
    start_calls("10s", deadlines);
    handlers.holds_back = true;
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    EXPECT_EQ(error_of(client), "handler_unavailable");
    handlers.answer_waiting();
    int rounds = 0;
    run_until([&] { return ++rounds > 5; });
}

// X11: a handler in an endless loop is ended, and its call refused.
TEST_F(HandlerCallTest, X11_PastItsDeadlineTheCallIsRefusedAndTheHostIsKilled) {
    start_calls("40ms");
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    EXPECT_EQ(error_of(client), "handler_timeout");
    ASSERT_EQ(handlers.killed.size(), 1u);
    EXPECT_EQ(handlers.killed[0], HandlerIncarnation{1});
    run_until([&] { return handlers.connections[0]->closed; });
    run_until_logged(1);
}

TEST_F(HandlerCallTest, X11_InterimAnswersDoNotExtendTheDeadline) {
    start_calls("60ms");
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call();
    int sent = 0;
    net::Timer drip(loop, [&] {
        if (handlers.connections[0]->closed || ++sent > 30) return;
        handlers.connections[0]->send("HTTP/1.1 103 Early Hints\r\n\r\n");
        drip.start(milliseconds(20));
    });
    drip.start(milliseconds(20));
    run_until([&] { return !handlers.killed.empty(); });
    EXPECT_LT(sent, 30);
    EXPECT_NE(error_of(client).find("handler_timeout"), std::string::npos) << client.received;
}

TEST_F(HandlerCallTest, X11_AHandlerThatStallsInItsBodyIsCut) {
    start_calls("40ms");
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call();
    handlers.connections[0]->send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.ends_with("begin"));
    EXPECT_EQ(handlers.killed.size(), 1u);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("handler_timeout"), std::string::npos) << log_lines()[0];
}

TEST_F(HandlerCallTest, ASlowClientIsNotTheHandlersFault) {
    start_calls("40ms");
    TestClient& client = connect_for("vcs.example");
    client.send("POST / HTTP/1.1\r\nHost: vcs.example\r\nContent-Length: 4\r\n\r\nha");
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("\r\n\r\nha"); });
    bool waited = false;
    net::Timer long_enough(loop, [&] { waited = true; });
    long_enough.start(milliseconds(150));
    run_until([&] { return waited; });
    EXPECT_TRUE(handlers.killed.empty());
    client.send("lf");
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("half"); });
    handlers.connections[0]->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
}

TEST_F(HandlerCallTest, X11_NoMoreCallsRunAtOnceThanThePolicySays) {
    start_calls();
    std::vector<TestClient*> clients;
    for (std::size_t i = 0; i < 2; ++i) {
        clients.push_back(&connect_for("vcs.example"));
        clients.back()->send(get("vcs.example"));
        call(i);
    }
    TestClient& third = connect_for("vcs.example");
    third.send(get("vcs.example"));
    EXPECT_EQ(error_of(third), "handler_busy");
    EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 ")) << third.received;
    handlers.connections[0]->send(kOk);
    run_until([&] { return clients[0]->received.ends_with("ok"); });
    third.send(get("vcs.example"));
    run_until([&] { return third.received.find("handler_busy", third.received.size() - 20) == std::string::npos &&
                           handlers.connections[0]->received.rfind("GET ") > 0; });
    handlers.connections[0]->send(kOk);
    run_until([&] { return third.received.ends_with("ok"); });
}

TEST_F(HandlerCallTest, TheLimitOfARuleCountsItsCalls) {
    start_calls();
    TestClient& client = connect_for("rule.example", 8080);
    for (int i = 0; i < 2; ++i) {
        client.received.clear();
        if (i > 0) handlers.connections[0]->received.clear();
        client.send(get("rule.example:8080"));
        call(0);
        handlers.connections[0]->send(kOk);
        run_until([&] { return client.received.ends_with("ok"); });
    }
    client.send(get("rule.example:8080"));
    EXPECT_EQ(error_of(client), "rate_limited");
}

TEST_F(HandlerCallTest, WebSocketsGoThroughTheHandler) {
    start_calls("40ms");
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example", "/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    EXPECT_EQ(field(call().received, "Upgrade"), "websocket");
    EXPECT_EQ(field(call().received, "Connection"), "Upgrade");
    handlers.connections[0]->send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05hello");
    run_until([&] { return client.received.ends_with("\r\n\r\n\x81\x05hello"); });
    client.send("world");
    call();
    run_until([&] { return handlers.connections[0]->received.ends_with("\r\n\r\nworld"); });
    bool waited = false;
    net::Timer long_enough(loop, [&] { waited = true; });
    long_enough.start(milliseconds(120));
    run_until([&] { return waited; });
    EXPECT_TRUE(handlers.killed.empty()) << "an open connection is no unanswered call";
    handlers.connections[0]->vanish();
    run_until([&] { return client.closed; });
    client.half_close();
    run_until_logged(1);
}

// P25: a WebSocket may last for ever, but not under a budget that is no more.
TEST_F(HandlerCallTest, P25_AWebSocketIsCutWhenItsLimitChanges) {
    start_calls();
    TestClient& client = connect_for("rule.example", 8080);
    client.send(get("rule.example:8080", "/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    call();
    handlers.connections[0]->send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05hello");
    run_until([&] { return client.received.ends_with("\r\n\r\n\x81\x05hello"); });
    std::string policy = kPolicy;
    policy.replace(policy.find("@DEADLINE@"), 10, "10s");
    publish(policy, Generation{2});
    handlers.connections[0]->send("\x81\x05" "again");
    run_until([&] { return client.received.ends_with("\x81\x05" "again"); });
    policy.replace(policy.find("requests: 2/h"), 13, "requests: 1/h");
    publish(policy, Generation{3});
    run_until([&] { return client.closed && handlers.connections[0]->closed; });
}

// P20: a call goes on under the rights that it began with, or not at all.
TEST_F(HandlerCallTest, P20_ACallIsCutWhenAValueThatItWasGivenIsRevoked) {
    start_calls();
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call();
    std::string policy = kPolicy;
    policy.replace(policy.find("@DEADLINE@"), 10, "10s");
    publish(policy, Generation{2});
    EXPECT_TRUE(client.received.empty()) << "the same policy";
    unsetenv("GATE_TEST_ENV_SECRET");
    publish(policy, Generation{3});
    EXPECT_EQ(error_of(client), "denied");
    run_until([&] { return handlers.connections[0]->closed; });
}

TEST_F(HandlerCallTest, ACallWithoutItsValuesIsNotMade) {
    start_calls();
    unsetenv("GATE_TEST_ENV_SECRET");
    std::string policy = kPolicy;
    policy.replace(policy.find("@DEADLINE@"), 10, "10s");
    publish(policy, Generation{2});
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    EXPECT_EQ(error_of(client), "secret_unavailable");
    for (const auto& connection : handlers.connections) EXPECT_EQ(connection->received, "");
}

}  // namespace
}  // namespace sallyport::proxy
