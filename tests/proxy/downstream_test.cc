#include "proxy/downstream.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
policies: { p: { rules: [ { host: vcs.example, port: @PORT@, cidr: 127.0.0.0/8 } ] } }
)";

class DownstreamTest : public GateTest {
protected:
    std::string get() { return with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"); }
};

// P24: a drip of bytes does not extend a deadline.
TEST_F(DownstreamTest, P24_AHeadThatDripsIsGivenUp) {
    Deadlines deadlines;
    deadlines.request_head = milliseconds(50);
    start(kPolicy, deadlines);
    TestClient& client = connect();
    client.send("GET / HTTP/1.1\r\nHost: v");
    run_until([&] {
        if (!client.closed) client.send("x");
        return client.closed;
    });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 ")) << client.received;
    run_until_logged(1);
}

// Server-first protocols would wait for ever: a reset, at once where nothing can be allowed.
TEST_F(DownstreamTest, P24_ABodyThatStallsIsGivenUp) {
    Deadlines deadlines;
    deadlines.body_progress = milliseconds(40);
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n", deadlines);
    TestClient& client = connect();
    client.send(with_port("POST / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nContent-Length: 1000\r\n\r\nfew"));
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("request_timeout"), std::string::npos) << log_lines()[0];
}

TEST_F(DownstreamTest, TooLargeAHeadIsAnswered) {
    start(kPolicy);
    TestClient& client = connect();
    client.send(with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nX: ") + std::string(100 * 1024, 'x') + "\r\n\r\n");
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 431 ")) << client.received.substr(0, 100);
    run_until_logged(1);
}

TEST_F(DownstreamTest, ADrainedConnectionEndsAfterItsRequest) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n");
    TestClient& idle = connect();
    TestClient& busy = connect();
    busy.send(get());
    run_until([&] { return origin.connections.size() == 1 && !origin.received().empty(); });
    bool drained = false;
    egress->drain([&] { drained = true; });
    run_until([&] { return idle.closed; });
    EXPECT_FALSE(drained);
    origin.connections[0]->peer->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    run_until([&] { return drained; });
    EXPECT_NE(busy.received.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(busy.received.ends_with("ok"));
}

}  // namespace
}  // namespace sallyport::proxy
