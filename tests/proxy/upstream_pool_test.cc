#include "proxy/upstream_pool.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy =
    "version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class UpstreamPoolTest : public GateTest {
protected:
    void call(TestClient& client) {
        const std::size_t before = client.received.size();
        client.send(with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
        run_until([&] { return client.received.size() > before && client.received.ends_with("ok"); });
    }
};

TEST_F(UpstreamPoolTest, AnIdleConnectionServesAnotherClientOfTheSameSandbox) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    call(connect());
    call(connect());
    EXPECT_EQ(origin.connections.size(), 1u);
    EXPECT_EQ(egress->pool().size(), 1u);
}

TEST_F(UpstreamPoolTest, AnIdleConnectionThatTheOriginClosesIsForgotten) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    call(connect());
    origin.connections[0]->peer->half_close();
    run_until([&] { return egress->pool().size() == 0; });
    call(connect());
    EXPECT_EQ(origin.connections.size(), 2u);
}

TEST_F(UpstreamPoolTest, AnIdleConnectionThatSpeaksIsNeverUsedAgain) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    call(connect());
    origin.connections[0]->peer->send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    run_until([&] { return egress->pool().size() == 0; });
    TestClient& client = connect();
    call(client);
    EXPECT_EQ(client.received.find("evil"), std::string::npos);
}

TEST_F(UpstreamPoolTest, ANewGenerationRetiresIdleConnections) {
    start(kPolicy);
    origin.responses = {kOk};
    call(connect());
    EXPECT_EQ(egress->pool().size(), 1u);
    egress->pool().retire_before(Generation{1});
    EXPECT_EQ(egress->pool().size(), 1u);
    egress->pool().retire_before(Generation{2});
    EXPECT_EQ(egress->pool().size(), 0u);
}

TEST_F(UpstreamPoolTest, AnIdleConnectionIsNotKeptForEver) {
    Deadlines deadlines;
    deadlines.upstream_idle = milliseconds(20);
    start(kPolicy, deadlines);
    origin.responses = {kOk};
    call(connect());
    run_until([&] { return egress->pool().size() == 0; });
}

}  // namespace
}  // namespace sallyport::proxy
