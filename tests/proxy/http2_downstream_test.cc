#include "proxy/http2_downstream.h"

#include "tests/proxy/http2_test_client.h"

namespace sallyport::proxy {
namespace {

// Towards the sandbox HTTP/2, towards the origin HTTP/1.1: `upstream` sends the request where no h2c is spoken.
constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" } }
policies:
  p:
    rules:
      - { name: vcs, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs, h2c: true,
          allow_cleartext_credential: true, paths: ["/repos/**", "/up"] }
      - { name: old, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/old/**"] }
)";

class Http2DownstreamTest : public GateTest {
protected:
    Http2TestClient& connect_http2() {
        clients_.push_back(std::make_unique<Http2TestClient>(connect()));
        return *clients_.back();
    }
    void run_until_pumped(const std::function<bool()>& done) {
        run_until([&] {
            for (const auto& each : clients_) each->pump();
            return done();
        });
    }
    http::RequestHead request(std::string method, std::string target, std::string host = "vcs.example") const {
        return h2_request(std::move(method), std::move(target), with_port(host + ":@PORT@"));
    }

private:
    std::vector<std::unique_ptr<Http2TestClient>> clients_;
};

TEST_F(Http2DownstreamTest, IsRefusedInCleartextWhereNoRuleSaysSo) {
    start(R"({version: 1, policies: {p: {rules: [{host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8}]}}})");
    TestClient& client = connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.empty());
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("not_intercepted"), std::string::npos) << log_lines()[0];
}

TEST_F(Http2DownstreamTest, ADeniedRequestIsToldAndTheConnectionGoesOn) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    TestAnswer& denied = client.request(request("GET", "/nothing"));
    run_until_pumped([&] { return denied.closed; });
    EXPECT_EQ(denied.head.status, 403);
    EXPECT_NE(denied.body.find(R"("error":"denied")"), std::string::npos) << denied.body;
    EXPECT_EQ(denied.head.headers.get("x-sallyport-verdict"), "deny");
    EXPECT_FALSE(denied.head.headers.has("Connection"));
    TestAnswer& again = client.request(request("HEAD", "/nothing"));
    run_until_pumped([&] { return again.closed; });
    EXPECT_EQ(again.head.status, 403);
    EXPECT_TRUE(again.body.empty());
    run_until_logged(2);
}

// D16: a connection is for one name, and each stream is asked for its own.
TEST_F(Http2DownstreamTest, D16_AnotherAuthorityOnTheSameConnectionIsMisdirected) {
    start(kPolicy);
    const std::string address = resolve("vcs.example");
    TestClient& wire = connect(address, origin.port());
    Http2TestClient client(wire);
    TestAnswer& other = client.request(request("GET", "/repos/x", "other.example"));
    run_until([&] {
        client.pump();
        return other.closed;
    });
    EXPECT_EQ(other.head.status, 421);
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(Http2DownstreamTest, ARuleWithoutH2cIsNotReachedByCleartextHttp2) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    TestAnswer& answer = client.request(request("GET", "/old/x"));
    run_until_pumped([&] { return answer.closed; });
    EXPECT_EQ(answer.head.status, 403);
    EXPECT_NE(answer.body.find("not_intercepted"), std::string::npos) << answer.body;
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(Http2DownstreamTest, ABlockedGrpcCallHasAStatusOfGrpc) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    http::RequestHead head = request("POST", "/pkg.Service/Call");
    head.headers.add("Content-Type", "application/grpc");
    head.body = {http::BodyKind::chunked, 0};
    TestAnswer& answer = client.open(head);
    client.write(answer, std::string("\0\0\0\0\1x", 6));
    run_until_pumped([&] { return answer.ended; });
    EXPECT_EQ(answer.head.status, 200);
    EXPECT_EQ(answer.head.headers.get("grpc-status"), "7");
    EXPECT_TRUE(answer.head.headers.get("grpc-message").value_or("").starts_with("denied: ")) << *answer.head.headers.get("grpc-message");
    EXPECT_TRUE(answer.body.empty());
    EXPECT_FALSE(answer.error) << answer.error->detail;
    run_until_logged(1);
}

// What is no request still has its answer, and its line.
TEST_F(Http2DownstreamTest, AHeadThatIsTooLargeIsToldAndLogged) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    http::RequestHead head = request("GET", "/repos/x");
    head.headers.add("X-Large", std::string(70 * 1024, 'x'));
    TestAnswer& answer = client.request(head);
    run_until_pumped([&] { return answer.closed; });
    EXPECT_EQ(answer.head.status, 431);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("header_too_large"), std::string::npos) << log_lines()[0];
}

TEST_F(Http2DownstreamTest, ConnectIsRefused) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    http::RequestHead head = request("CONNECT", "");
    head.target.clear();
    TestAnswer& answer = client.open(head);
    run_until_pumped([&] { return answer.closed || answer.head.status != 0; });
    EXPECT_NE(answer.head.status, 200);
    run_until_logged(1);
}

TEST_F(Http2DownstreamTest, OtherProtocolsThanWebSocketAreRefused) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    http::RequestHead head = request("CONNECT", "/repos/x");
    head.protocol = "webtransport";
    head.upgrade = true;
    head.body = {http::BodyKind::chunked, 0};
    TestAnswer& answer = client.open(head);
    run_until_pumped([&] { return answer.ended; });
    EXPECT_EQ(answer.head.status, 403);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("upgrade_refused"), std::string::npos) << log_lines()[0];
}

TEST_F(Http2DownstreamTest, ABodyThatNobodyWantsIsNotWaitedFor) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    http::RequestHead head = request("POST", "/nothing");
    head.body = {http::BodyKind::chunked, 0};
    TestAnswer& answer = client.open(head);
    run_until_pumped([&] { return answer.ended; });
    EXPECT_EQ(answer.head.status, 403);
    EXPECT_FALSE(answer.error);
    // The stream's place is free again.
    run_until_pumped([&] { return answer.closed; });
    TestAnswer& next = client.request(request("GET", "/nothing"));
    run_until_pumped([&] { return next.closed; });
    EXPECT_EQ(next.head.status, 403);
    run_until_logged(2);
}

TEST_F(Http2DownstreamTest, AConnectionThatBreaksTheProtocolHasItsLine) {
    start(kPolicy);
    TestClient& client = connect();
    client.send(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33));
    client.send(std::string("\0\0\5\0\0\0\0\0\0hello", 14));  // DATA on stream 0
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("http2_error"), std::string::npos) << log_lines()[0];
    run_until([&] { return egress->downstream_count() == 0; });
}

TEST_F(Http2DownstreamTest, DrainingSaysGoAwayAndEnds) {
    start(kPolicy);
    Http2TestClient& client = connect_http2();
    TestAnswer& answer = client.request(request("GET", "/nothing"));
    run_until_pumped([&] { return answer.closed; });
    bool drained = false;
    egress->drain([&] { drained = true; });
    run_until_pumped([&] { return drained && client.goaway; });
}

}  // namespace
}  // namespace sallyport::proxy
