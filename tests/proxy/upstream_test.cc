#include "proxy/upstream.h"

#include "proxy/upstream_pool.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

http::RequestHead get_with(std::string_view token) {
    http::RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.headers.add("X-Token", token);
    return head;
}

class UpstreamTest : public GateTest {
protected:
    std::string get(std::string_view host) { return with_port("GET / HTTP/1.1\r\nHost: " + std::string(host) + ":@PORT@\r\n\r\n"); }
    std::string reply_to(const std::string& request, std::uint16_t port) {
        TestClient& client = connect("203.0.113.9", port);
        client.send(request);
        run_until([&] { return client.closed || client.received.ends_with("}\n") || client.received.ends_with("ok"); });
        return client.received;
    }
};

// D9, D10: what is dialled is what was checked, and every answer is checked.
TEST_F(UpstreamTest, D10_AnAddressOutsideOfTheGrantedNetworkIsRefused) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 10.0.0.0/8 } ] } }\n");
    EXPECT_NE(reply_to(get("vcs.example"), origin.port()).find("private_address"), std::string::npos);
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(UpstreamTest, AnAddressLiteralIsDialledAsItIs) {
    start("version: 1\npolicies: { p: { rules: [ { cidr: 127.0.0.0/8, port: @PORT@, scheme: http } ] } }\n");
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    TestClient& client = connect("127.0.0.1", origin.port());
    client.send(get("127.0.0.1"));
    run_until([&] { return client.received.ends_with("ok"); });
    TestClient& other = connect("127.0.0.1", origin.port());
    other.send(get("127.0.0.2"));
    run_until([&] { return other.received.ends_with("}\n"); });
    EXPECT_TRUE(other.received.starts_with("HTTP/1.1 421 ")) << "D3: the address that was dialled is the one that is named";
}

// A client can turn out to be gone in the middle of what one read brought.
TEST_F(UpstreamTest, AUserMayLetGoInsideABody) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n");
    const std::vector<std::string> networks = {"127.0.0.0/8"};
    UpstreamKey key;
    key.scheme = http::Scheme::http;
    key.host = "vcs.example";
    key.port = origin.port();
    key.granted_networks = &networks;
    struct User final : UpstreamUser {
        http::Next on_response_head(http::ResponseHead&) override { return http::Next::go; }
        http::Next on_body(std::string_view) override {
            ++pieces;
            upstream->detach();
            pool->discard(*upstream);
            return http::Next::go;
        }
        http::Next on_message_end(http::HeaderMap&) override { return http::Next::go; }
        void on_upstream_round_end() override {}
        void on_upstream_drained() override {}
        void on_upstream_open() override {}
        void on_upstream_failed(Error) override {}
        UpstreamPool* pool = nullptr;
        Upstream* upstream = nullptr;
        int pieces = 0;
    } user;
    origin.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"};
    user.pool = &egress->pool();
    user.upstream = *egress->pool().acquire(key, egress->snapshot(), UpstreamPool::Freshness::any);
    user.upstream->attach(user, "GET");
    user.upstream->request().write_head(get_with("none"));
    run_until([&] { return user.pieces > 0; });
    run_until([&] { return egress->pool().size() == 0; });
    EXPECT_EQ(user.pieces, 1);
}

// D15: nothing is sent before the certificate has been verified.
TEST_F(UpstreamTest, D15_AnOriginThatDoesNotSpeakTlsGetsNoRequest) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n");
    UpstreamKey key;
    key.host = "vcs.example";
    key.port = origin.port();
    const std::vector<std::string> networks = {"127.0.0.0/8"};
    key.granted_networks = &networks;
    struct User final : UpstreamUser {
        http::Next on_response_head(http::ResponseHead&) override { return http::Next::go; }
        http::Next on_body(std::string_view) override { return http::Next::go; }
        http::Next on_message_end(http::HeaderMap&) override { return http::Next::go; }
        void on_upstream_round_end() override {}
        void on_upstream_drained() override {}
        void on_upstream_open() override {}
        void on_upstream_failed(Error why) override { error = std::move(why); }
        std::optional<Error> error;
    } user;
    const auto upstream = egress->pool().acquire(key, egress->snapshot(), UpstreamPool::Freshness::any);
    ASSERT_TRUE(upstream);
    (*upstream)->attach(user, "GET");
    (*upstream)->request().write_head(get_with(kMarkerSecret));
    run_until([&] { return !origin.connections.empty() && !origin.received().empty(); });
    origin.connections[0]->peer->send("HTTP/1.1 400 Bad Request\r\n\r\n");
    run_until([&] { return user.error.has_value(); });
    EXPECT_EQ(user.error->code, ErrorCode::tls_handshake_origin);
    EXPECT_EQ(origin.received().find(kMarkerSecret), std::string::npos);
}

TEST_F(UpstreamTest, AnOriginThatDoesNotAnswerIsGivenUp) {
    Deadlines deadlines;
    deadlines.response_head = milliseconds(40);
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n", deadlines);
    EXPECT_TRUE(reply_to(get("vcs.example"), origin.port()).starts_with("HTTP/1.1 504 "));
}

}  // namespace
}  // namespace sallyport::proxy
