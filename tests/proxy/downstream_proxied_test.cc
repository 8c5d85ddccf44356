// The explicit proxy from its door to the origin and back.
#include <nlohmann/json.hpp>

#include "tests/proxy/door_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" } }
policies:
  p:
    rules:
      - { name: keyed, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, methods: [GET, POST] }
)";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kConnected = "HTTP/1.1 200 Connection established\r\n\r\n";

class ProxiedTest : public DoorTest {
protected:
    std::string absolute(const std::string& host, const std::string& path, const std::string& fields) const {
        return with_port("GET http://" + host + ":@PORT@" + path + " HTTP/1.1\r\nHost: " + host + ":@PORT@\r\n" + fields + "\r\n");
    }
    std::string connect_to_host(const std::string& authority) const {
        return with_port("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n" + login() + "\r\n");
    }
    std::string origin_form(const std::string& host) const {
        return with_port("GET /x HTTP/1.1\r\nHost: " + host + ":@PORT@\r\n\r\n");
    }
    nlohmann::json line(std::size_t index) { return nlohmann::json::parse(log_lines().at(index)); }
    std::string until_closed(TestClient& client) {
        run_until([&] { return client.closed; });
        return client.received;
    }
};

TEST_F(ProxiedTest, ARequestForAWholeUrlGoesThereWithItsCredential) {
    start_proxy(kPolicy);
    origin.responses = {std::string("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n") + kMarkerSecret};
    TestClient& client = dial(absolute("VCS.example.", "/x?y=z", login() + "Proxy-Connection: keep-alive\r\nX-Auth-Token: own\r\n"));
    run_until([&] { return client.received.size() > 50 && client.received.ends_with("**"); });
    EXPECT_TRUE(has(origin.received(), with_port("GET /x?y=z HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n"))) << origin.received();
    EXPECT_TRUE(has(origin.received(), std::string("X-Auth-Token: ") + kMarkerSecret)) << origin.received();
    EXPECT_FALSE(has(origin.received(), "roxy-")) << origin.received();
    EXPECT_FALSE(has(origin.received(), "own")) << origin.received();
    EXPECT_FALSE(has(client.received, kMarkerSecret)) << "what comes back is looked through";
    run_until_logged(1);
    EXPECT_EQ(line(0)["sandbox"], "box");
    EXPECT_EQ(line(0)["rule"], "keyed");
    EXPECT_EQ(line(0)["target"], "/x?y=z");
}

TEST_F(ProxiedTest, EachRequestOfAConnectionNamesItsOwnHost) {
    start_proxy(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& client = dial(absolute("vcs.example", "/1", login()) + absolute("other.example", "/2", login()) +
                              absolute("nowhere.example", "/3", login()));
    run_until([&] { return has(client.received, "\"error\":\"denied\""); });
    run_until_logged(3);
    EXPECT_EQ(line(0)["host"], "vcs.example");
    EXPECT_EQ(line(1)["host"], "other.example");
    EXPECT_EQ(line(2)["host"], "nowhere.example");
    EXPECT_EQ(line(2)["status"], 403);
    EXPECT_FALSE(has(origin.received().substr(origin.received().find("/2")), kMarkerSecret)) << "each with its own credential";
}

TEST_F(ProxiedTest, WhatTheUrlNamesCountsAndNotHost) {
    start_proxy(kPolicy);
    origin.responses = {kOk};
    TestClient& client = dial(with_port("GET http://other.example:@PORT@/ HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n" + login() + "\r\n"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_TRUE(has(origin.received(), with_port("Host: other.example:@PORT@\r\n"))) << origin.received();
    EXPECT_FALSE(has(origin.received(), kMarkerSecret));
}

TEST_F(ProxiedTest, ATunnelIsAsAConnectionInTheNamespace) {
    start_proxy(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& connected = dial(connect_to_host("vcs.example:@PORT@") + origin_form("vcs.example"));
    run_until([&] { return connected.received.ends_with("ok"); });
    EXPECT_TRUE(connected.received.starts_with(kConnected)) << connected.received;
    EXPECT_FALSE(has(origin.received(), "roxy-")) << origin.received();
    TestClient& socks = dial(socks_login() + socks_request("vcs.example", origin.port()));
    run_until([&] { return socks.received == text({5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0}); });
    socks.send(origin_form("vcs.example"));
    run_until([&] { return socks.received.ends_with("ok"); });
    run_until_logged(2);
    EXPECT_EQ(line(1)["rule"], "keyed");
    connected.send(origin_form("other.example"));
    run_until([&] { return has(connected.received, "HTTP/1.1 421 "); });
}

TEST_F(ProxiedTest, X3_WhereNothingCanBeAllowedThereIsNoTunnel) {
    start_proxy(kPolicy);
    for (const std::string target : {"nowhere.example:@PORT@", "vcs.example:1", "127.0.0.1:@PORT@", "[::1]:@PORT@", "198.18.0.1:@PORT@"}) {
        const std::string answer = until_closed(dial(connect_to_host(target) + "more"));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 Forbidden\r\n")) << target << answer;
        EXPECT_TRUE(has(answer, "\"request_id\"")) << answer;
    }
    run_until_logged(5);
    EXPECT_EQ(line(0)["host"], "nowhere.example");
    EXPECT_EQ(line(0)["sandbox"], "box");
    EXPECT_EQ(line(0)["status"], 403);
    EXPECT_EQ(line(2)["error"], "address_literal");
    const std::string refused = until_closed(dial(socks_login() + socks_request("nowhere.example", 443)));
    EXPECT_EQ(refused, text({5, 2, 1, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0}));
    run_until_logged(6);
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(ProxiedTest, APrivateAddressBehindANameIsRefused) {
    start_proxy("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http } ] } }\n");
    TestClient& client = dial(connect_to_host("vcs.example:@PORT@") + origin_form("vcs.example"));
    run_until([&] { return has(client.received, "\"error\":\"private_address\""); });
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(ProxiedTest, RawTcpByNameDialsAtOnce) {
    start_proxy("version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8 } ] } }\n");
    TestClient& client = dial(connect_to_host("vcs.example:@PORT@"));
    run_until([&] { return client.received == kConnected && origin.connections.size() == 1; });
    origin.connections[0]->peer->send("220 speaks first\r\n");
    run_until([&] { return client.received.ends_with("first\r\n"); });
    TestClient& socks = dial(socks_login() + socks_request("vcs.example", origin.port()) + "early");
    run_until([&] { return has(origin.received(), "early"); });
    EXPECT_EQ(egress->tunnel_count(), 2u);
    socks.half_close();
    egress->set_proxy_credential(nullptr);
    EXPECT_EQ(egress->tunnel_count(), 0u);
    run_until_logged(2);
}

TEST_F(ProxiedTest, WebSocketPassesAsElsewhere) {
    start_proxy(kPolicy);
    origin.responses = {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"};
    TestClient& client = dial(absolute("other.example", "/ws",
                                       login() + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    run_until([&] { return has(client.received, "HTTP/1.1 101 ") && client.received.ends_with("\r\n\r\n"); });
    EXPECT_FALSE(has(origin.received(), "roxy-")) << origin.received();
    client.send("\x81\x82\x01\x02\x03\x04ik");
    run_until([&] { return origin.received().ends_with("ik"); });
    origin.connections[0]->peer->send("\x81\x02hi");
    run_until([&] { return client.received.ends_with("\x81\x02hi"); });
}

TEST_F(ProxiedTest, X3_EveryRequestShowsThePassword) {
    start_proxy(kPolicy);
    for (const std::string& fields : {std::string(), login_with("box", "wrong"), login("other"), login() + login()}) {
        origin.responses = {kOk};
        const std::size_t before = log_lines().size();
        TestClient& client = dial(absolute("vcs.example", "/1", login()));
        run_until([&] { return client.received.ends_with("ok"); });
        client.send(absolute("vcs.example", "/2", fields));
        const std::string answer = until_closed(client).substr(client.received.find("ok"));
        EXPECT_TRUE(has(answer, "HTTP/1.1 407 Proxy Authentication Required\r\n")) << answer;
        EXPECT_TRUE(has(answer, "Proxy-Authenticate: Basic")) << answer;
        run_until_logged(before + 2);
        EXPECT_EQ(line(before + 1)["error"], "proxy_authentication");
    }
    EXPECT_FALSE(has(origin.received(), "/2"));
}

TEST_F(ProxiedTest, OnlyWholeUrlsAreRequestsToAProxy) {
    start_proxy(kPolicy);
    for (const std::string start_line : {"GET / HTTP/1.1", "OPTIONS * HTTP/1.1", "GET ftp://vcs.example/ HTTP/1.1",
                                         "GET http://u:p@vcs.example/ HTTP/1.1"}) {
        TestClient& client = dial(with_port(start_line + "\r\nHost: vcs.example:@PORT@\r\n" + login() + "\r\n"));
        run_until([&] { return has(client.received, "HTTP/1.1 400 "); });
    }
    origin.responses = {kOk};
    TestClient& client = dial(absolute("vcs.example", "/", login()) + connect_to_host("vcs.example:@PORT@"));
    run_until([&] { return has(client.received, "HTTP/1.1 400 "); });
    EXPECT_FALSE(has(client.received, "200 Connection")) << "a connection is for requests, or for a tunnel";
    run_until_logged(6);
}

TEST_F(ProxiedTest, P20_ACredentialThatIsGoneCutsWhatCameInByIt) {
    start_proxy(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
    TestClient& running = dial(absolute("vcs.example", "/", login()));
    run_until([&] { return running.received.ends_with("half"); });
    TestClient& of_namespace = connect();
    of_namespace.send(origin_form("vcs.example"));
    TestClient& tunnel = dial(connect_to_host("vcs.example:@PORT@"));
    run_until([&] { return of_namespace.received.ends_with("half") && tunnel.received == kConnected; });
    SystemRandom random;
    const auto later = ProxyCredential::make(random).credential;
    egress->set_proxy_credential(later);
    EXPECT_EQ(egress->downstream_count(), 1u) << "in the same turn of the loop";
    run_until([&] { return running.closed && tunnel.closed; });
    EXPECT_FALSE(of_namespace.closed);
    EXPECT_TRUE(has(log_lines().at(0), "\"error\":\"closed_by_operator\"")) << log_lines().at(0);
    TestClient& between = dial(absolute("vcs.example", "/", login()));  // the door has not heard yet
    EXPECT_EQ(until_closed(between), "");
    egress->set_proxy_credential(nullptr);
    EXPECT_FALSE(of_namespace.closed);
}

TEST_F(ProxiedTest, OperatorsSeeWhatIsOpen) {
    start_proxy(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
    TestClient& client = dial(absolute("vcs.example", "/", login()));
    run_until([&] { return client.received.ends_with("half"); });
    std::vector<LiveConnection> open;
    egress->list(open);
    ASSERT_EQ(open.size(), 1u);
    EXPECT_EQ(open[0].protocol, "http");
    EXPECT_EQ(open[0].host, "vcs.example");
    EXPECT_EQ(open[0].port, origin.port());
    EXPECT_EQ(open[0].requests, 1u);
    EXPECT_TRUE(egress->close_connection(open[0].id));
}

}  // namespace
}  // namespace sallyport::proxy
