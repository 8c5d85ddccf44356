#include "proxy/handler_calls.h"

#include "tests/proxy/handler_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
policies: { p: { script: handlers/vcs.js } }
)";

class HandlerCallsTest : public HandlerTest {};

TEST_F(HandlerCallsTest, ATokenIsGoodWhileItsCallLasts) {
    start_with_handlers(kPolicy);
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    const std::string token = field(call().received, "X-Sallyport-Call");
    HandlerCalls& calls = egress->calls();
    ASSERT_NE(calls.find(token), nullptr);
    EXPECT_EQ(calls.find(token)->token(), token);
    EXPECT_EQ(calls.running(), 1u);
    std::string other = token;
    other.back() = other.back() == '0' ? '1' : '0';
    EXPECT_EQ(calls.find(other), nullptr);
    other = token;
    other.front() = other.front() == '0' ? '1' : '0';
    EXPECT_EQ(calls.find(other), nullptr);
    EXPECT_EQ(calls.find(token.substr(0, 31)), nullptr);
    EXPECT_EQ(calls.find(token + "0"), nullptr);
    EXPECT_EQ(calls.find(""), nullptr);
    handlers.connections[0]->send("HTTP/1.1 204 No Content\r\n\r\n");
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    EXPECT_EQ(calls.find(token), nullptr);
    EXPECT_EQ(calls.running(), 0u);
}

TEST_F(HandlerCallsTest, WhenAHostEndsItsCallsFailAndOthersDoNot) {
    start_with_handlers(kPolicy);
    TestClient& old = connect_for("vcs.example");
    old.send(get("vcs.example"));
    call(0);
    handlers.incarnation = HandlerIncarnation{2};
    TestClient& fresh = connect_for("vcs.example");
    fresh.send(get("vcs.example"));
    call(1);
    egress->handler_ended(HandlerIncarnation{1});
    run_until([&] { return old.received.ends_with("}\n"); });
    EXPECT_NE(old.received.find("handler_crashed"), std::string::npos) << old.received;
    handlers.connections[1]->send("HTTP/1.1 204 No Content\r\n\r\n");
    run_until([&] { return fresh.received.ends_with("\r\n\r\n"); });
}

TEST_F(HandlerCallsTest, IdleConnectionsToAHostThatHasEndedAreNotUsedAgain) {
    start_with_handlers(kPolicy);
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example"));
    call(0);
    handlers.connections[0]->send("HTTP/1.1 204 No Content\r\n\r\n");
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    handlers.incarnation = HandlerIncarnation{2};
    egress->handler_ended(HandlerIncarnation{1});
    run_until([&] { return handlers.connections[0]->closed; });
    client.send(get("vcs.example"));
    EXPECT_TRUE(call(1).received.starts_with("GET "));
}

TEST_F(HandlerCallsTest, X11_AHostThatIsBeingKilledGetsNoMoreCalls) {
    start_with_handlers("version: 1\npolicies: { p: { script: handlers/vcs.js, handler_limits: { deadline: 40ms } } }\n");
    TestClient& stuck = connect_for("vcs.example");
    TestClient& client = connect_for("vcs.example");
    stuck.send(get("vcs.example"));
    call(0);
    client.send(get("vcs.example"));
    call(1);
    handlers.connections[1]->send("HTTP/1.1 204 No Content\r\n\r\n");
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    run_until([&] { return stuck.received.ends_with("}\n"); });
    EXPECT_EQ(handlers.killed.size(), 1u);
    run_until([&] { return handlers.connections[1]->closed; });
    client.send("POST / HTTP/1.1\r\nHost: vcs.example\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(call(2).received.starts_with("POST "));
}

TEST_F(HandlerCallsTest, OneSandboxCannotHoldMoreFetchConnectionsThanTheBound) {
    start_with_handlers(kPolicy);
    std::vector<TestClient*> open;
    for (std::size_t i = 0; i < kFetchConnectionsMax + 4; ++i) {
        open.push_back(&fetcher());
        if (i % 8 == 0) run_until([&] { return egress->calls().fetch_connections() > std::min(i, kFetchConnectionsMax - 1); });
    }
    run_until([&] { return open.back()->closed; });
    EXPECT_EQ(egress->calls().fetch_connections(), kFetchConnectionsMax);
}

}  // namespace
}  // namespace sallyport::proxy
