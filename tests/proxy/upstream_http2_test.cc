// HTTP/2 towards origins, through the whole gate: which requests share a connection, and what becomes of them when it ends.
#include <set>

#include "proxy/route_key.h"
#include "tests/net/loopback.h"
#include "tests/proxy/gate_fixture.h"
#include "tests/proxy/http2_origin.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials:
  one: { type: bearer, secret: token }
  two: { type: header, name: X-Token, value: "${secrets.token}" }
policies:
  p:
    rules:
      - { name: none, host: none.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8 }
      - { name: one, host: one.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8,
          credential: one, allow_cleartext_credential: true }
      - { name: two, host: two.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8,
          credential: two, allow_cleartext_credential: true }
      - { name: clear, host: clear.example, port: 80, scheme: http, upstream: "http://vcs.example:@TLS@", cidr: 127.0.0.0/8, h2c: true }
      - { name: direct, host: vcs.example, port: @TLS@, cidr: 127.0.0.0/8 }
      - { name: direct-one, host: other.example, port: @TLS@, cidr: 127.0.0.0/8, credential: one }
)";

class UpstreamHttp2Test : public GateTest {
protected:
    using Speaks = Http2Origin::Speaks;

    ~UpstreamHttp2Test() override { egress.reset(); }

    void begin(Speaks speaks = Speaks::both, Deadlines deadlines = {}) {
        auto [fd, port] = net::bind_loopback(SOCK_STREAM);
        port_ = port;
        h2 = std::make_unique<Http2Origin>(loop, std::move(fd), speaks);
        start(policy(), deadlines);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context().client_tls), h2->ca.certificate.get());
    }
    std::string policy() const {
        std::string text = kPolicy;
        const std::string mark = "@TLS@";
        for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark)) text.replace(at, mark.size(), std::to_string(port_));
        return text;
    }

    TestClient& ask(const std::string& host, const std::string& head = "GET / HTTP/1.1\r\n", const std::string& rest = "\r\n") {
        TestClient& client = connect(resolve(host), 80);
        client.send(head + "Host: " + host + "\r\n" + rest);
        return client;
    }
    static std::string body_of(const TestClient& client) {
        const auto end = client.received.find("\r\n\r\n");
        return end == std::string::npos ? std::string() : client.received.substr(end + 4);
    }
    // In chunks: HTTP/2 says no length.
    static bool is_answered(const TestClient& client) { return client.received.ends_with("0\r\n\r\n") || client.received.ends_with("}\n"); }
    std::string answer_to(TestClient& client) {
        run_until([&] { return is_answered(client); });
        return client.received;
    }
    UpstreamPool& pool() { return egress->pool(); }
    UpstreamKey direct(std::string_view host = "vcs.example") {
        const ConnectionTarget target{http::Scheme::https, std::string(host), false, {}, port_};
        return key_of_route(target, *egress->snapshot(), egress->snapshot()->route(target.scheme, host, false, port_));
    }

    std::unique_ptr<Http2Origin> h2;
    std::uint16_t port_ = 0;
};

TEST_F(UpstreamHttp2Test, AnOriginThatSpeaksItIsSpokenToInHttp2) {
    begin();
    TestClient& client = ask("none.example", "GET /a?b HTTP/1.1\r\nX-Field: 1\r\n");
    EXPECT_TRUE(answer_to(client).starts_with("HTTP/1.1 200 ")) << client.received;
    EXPECT_NE(client.received.find("ok"), std::string::npos);
    ASSERT_EQ(h2->requests.size(), 1u);
    EXPECT_EQ(h2->requests[0]->head.target, "/a?b");
    EXPECT_EQ(h2->requests[0]->field("x-field"), "1");
    EXPECT_EQ(h2->requests[0]->field("Host"), "vcs.example:" + std::to_string(port_));
    EXPECT_EQ(h2->offered, std::vector<std::string>{std::string("\x02h2\x08http/1.1")});
    EXPECT_EQ(pool().links(), 1u);
    EXPECT_EQ(pool().size(), 1u);
}

TEST_F(UpstreamHttp2Test, AnOriginThatDoesNotIsSpokenToInHttp1) {
    begin(Speaks::http1);
    TestClient& client = ask("none.example");
    run_until([&] { return client.received.ends_with("ok1"); });
    TestClient& second = ask("none.example");
    run_until([&] { return second.received.ends_with("ok1"); });
    EXPECT_EQ(h2->peers.size(), 1u) << "kept and used again, as before";
    EXPECT_EQ(pool().links(), 0u);
}

TEST_F(UpstreamHttp2Test, RequestsOfASandboxShareAConnection) {
    begin();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    std::vector<TestClient*> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(&ask("none.example", "GET /" + std::to_string(i) + " HTTP/1.1\r\n"));
    run_until([&] { return h2->requests.size() == 8 && pool().size() == 1; });
    EXPECT_EQ(pool().links(), 1u) << "the first requests connect each on their own, and then find that one is enough";
    for (const auto& request : h2->requests) h2->respond(*request, 200, "to " + request->head.target);
    for (int i = 0; i < 8; ++i) EXPECT_NE(answer_to(*clients[static_cast<std::size_t>(i)]).find("to /" + std::to_string(i)), std::string::npos);
    const std::size_t connections = h2->peers.size();
    answer_to(*clients[0]);
    h2->answer = nullptr;
    answer_to(ask("none.example"));
    EXPECT_EQ(h2->peers.size(), connections);
}

TEST_F(UpstreamHttp2Test, OnceItIsKnownOneConnectionIsMadeForAll) {
    begin();
    pool().protocols().learn(http::Scheme::https, "vcs.example", false, port_, Spoken::http2);
    std::vector<TestClient*> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(&ask("none.example"));
    for (TestClient* client : clients) EXPECT_TRUE(answer_to(*client).starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(h2->peers.size(), 1u);
}

TEST_F(UpstreamHttp2Test, ThoseWhoWaitForOneThatIsWrongAboutItConnectThemselves) {
    begin(Speaks::http1);
    pool().protocols().learn(http::Scheme::https, "vcs.example", false, port_, Spoken::http2);
    std::vector<TestClient*> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(&ask("none.example"));
    for (TestClient* client : clients) run_until([&] { return client->received.ends_with("ok1"); });
    EXPECT_EQ(pool().known_protocol(direct()), Spoken::http1);
}

TEST_F(UpstreamHttp2Test, ThoseWhoWaitForAConnectionThatFailsFailToo) {
    begin();
    pool().protocols().learn(http::Scheme::https, "vcs.example", false, port_, Spoken::http2);
    const auto untrusting = std::move(*certs::make_client_context({}));
    prepare_client_context(untrusting.get());
    context().client_tls = untrusting.get();
    std::vector<TestClient*> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(&ask("none.example"));
    for (TestClient* client : clients) EXPECT_NE(answer_to(*client).find("tls_verify_failed"), std::string::npos);
    EXPECT_TRUE(h2->requests.empty());
    EXPECT_EQ(pool().size(), 0u);
}

// One link is never shared by two credentials, or by a request with one and a request without.
TEST_F(UpstreamHttp2Test, EachCredentialHasItsOwnConnection) {
    begin();
    answer_to(ask("one.example"));
    answer_to(ask("two.example"));
    answer_to(ask("none.example"));
    answer_to(ask("one.example"));
    ASSERT_EQ(h2->requests.size(), 4u);
    std::set<std::size_t> connections;
    for (int i = 0; i < 3; ++i) connections.insert(h2->requests[static_cast<std::size_t>(i)]->connection);
    EXPECT_EQ(connections.size(), 3u);
    EXPECT_EQ(h2->requests[3]->connection, h2->requests[0]->connection);
    EXPECT_EQ(h2->requests[0]->field("authorization"), std::string("Bearer ") + kMarkerSecret);
    EXPECT_EQ(h2->requests[1]->field("x-token"), kMarkerSecret);
    EXPECT_FALSE(h2->requests[2]->head.headers.has("authorization"));
}

TEST_F(UpstreamHttp2Test, ANewGenerationTakesNoRequestsOnOldConnections) {
    begin();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    TestClient& running = ask("none.example");
    run_until([&] { return h2->requests.size() == 1; });
    publish(policy(), Generation{2});
    TestClient& later = ask("none.example");
    run_until([&] { return h2->requests.size() == 2; });
    EXPECT_NE(h2->requests[0]->connection, h2->requests[1]->connection);
    h2->respond(*h2->requests[0], 200, "what ran goes on");
    h2->respond(*h2->requests[1], 200, "new");
    EXPECT_NE(answer_to(running).find("what ran goes on"), std::string::npos);
    EXPECT_NE(answer_to(later).find("new"), std::string::npos);
    run_until([&] { return pool().size() == 1; });
}

TEST_F(UpstreamHttp2Test, WhatANewerPolicyDeniesIsCutAndNothingElse) {
    begin();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    TestClient& denied = ask("none.example", "GET /denied HTTP/1.1\r\n");
    TestClient& allowed = ask("none.example", "GET /allowed HTTP/1.1\r\n");
    run_until([&] { return h2->requests.size() == 2; });
    std::string stricter = policy();
    stricter.insert(stricter.find("      - { name: none,"), "      - { name: no, host: none.example, port: 80, paths: [/denied], deny: true }\n");
    publish(stricter, Generation{2});
    EXPECT_TRUE(answer_to(denied).starts_with("HTTP/1.1 403 "));
    OriginRequest& first = h2->requests[0]->head.target == "/denied" ? *h2->requests[0] : *h2->requests[1];
    OriginRequest& second = h2->requests[0]->head.target == "/denied" ? *h2->requests[1] : *h2->requests[0];
    run_until([&] { return first.is_closed; });
    EXPECT_TRUE(first.was_reset);
    h2->respond(second, 200, "still");
    EXPECT_NE(answer_to(allowed).find("still"), std::string::npos);
}

TEST_F(UpstreamHttp2Test, WhatTheOriginHasNotLookedAtIsSentAgain) {
    begin();
    h2->refuses = 2;
    TestClient& client = ask("none.example", "POST /x HTTP/1.1\r\nContent-Length: 4\r\n", "\r\nbody");
    EXPECT_TRUE(answer_to(client).starts_with("HTTP/1.1 200 ")) << client.received;
    ASSERT_EQ(h2->requests.size(), 1u);
    EXPECT_EQ(h2->requests[0]->body, "body");
    h2->refuses = 100;
    EXPECT_NE(answer_to(ask("none.example")).find("origin_reset"), std::string::npos) << "not for ever";
    EXPECT_EQ(h2->refuses, 100 - 1 - kResendsMax);
}

TEST_F(UpstreamHttp2Test, ABodyThatIsNotHeldAnyMoreIsNotSentAgain) {
    begin();
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.reset(request, http::Http2Error::refused_stream); };
    const std::string body(kResentBodyBytesMax + 1, 'x');
    TestClient& client = ask("none.example", "PUT /x HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n", "\r\n" + body);
    EXPECT_NE(answer_to(client).find("origin_reset"), std::string::npos);
    EXPECT_EQ(h2->requests.size(), 1u);
}

TEST_F(UpstreamHttp2Test, AfterAGoawayRequestsGoElsewhere) {
    begin();
    answer_to(ask("none.example"));
    h2->shut_down(0);
    run_until([&] { return pool().size() == 0; });
    answer_to(ask("none.example"));
    EXPECT_EQ(h2->requests.size(), 2u);
    EXPECT_EQ(h2->requests[1]->connection, 1u);
}

TEST_F(UpstreamHttp2Test, AStaleConnectionCostsAGetNothing) {
    begin();
    answer_to(ask("none.example"));
    h2->answer = [](Http2Origin& origin, OriginRequest& request) {
        if (request.connection == 0) return origin.close(0);
        origin.respond(request, 200, "again");
    };
    EXPECT_NE(answer_to(ask("none.example")).find("again"), std::string::npos);
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.close(request.connection); };
    EXPECT_NE(answer_to(ask("none.example", "POST / HTTP/1.1\r\nContent-Length: 1\r\n", "\r\nx")).find("origin_closed"), std::string::npos)
        << "a POST may have been done";
    const std::size_t before = h2->requests.size();
    EXPECT_NE(answer_to(ask("none.example")).find("origin_closed"), std::string::npos);
    EXPECT_LE(h2->requests.size(), before + 2) << "a GET is sent again once, not for ever";
}

TEST_F(UpstreamHttp2Test, AnOriginThatWantsHttp1GetsIt) {
    begin();
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.reset(request, http::Http2Error::http_1_1_required); };
    TestClient& client = ask("none.example", "GET /old HTTP/1.1\r\n");
    run_until([&] { return client.received.ends_with("ok1"); });
    EXPECT_EQ(h2->offered, (std::vector<std::string>{"\x02h2\x08http/1.1", "\x08http/1.1"}));
    EXPECT_TRUE(h2->requests[1]->head.target.starts_with("GET /old HTTP/1.1\r\n"));
}

TEST_F(UpstreamHttp2Test, TheOriginsLimitMakesMoreConnections) {
    begin();
    h2->limits.concurrent_streams_max = 2;
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    answer_to([&]() -> TestClient& {
        TestClient& first = ask("none.example");
        run_until([&] { return h2->requests.size() == 1; });
        h2->respond(*h2->requests[0], 200, "ok");
        return first;
    }());
    std::vector<TestClient*> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(&ask("none.example"));
    run_until([&] { return h2->requests.size() == 7; });
    EXPECT_EQ(h2->peers.size(), 3u);
    EXPECT_EQ(pool().size(), 3u);
    for (const auto& request : h2->requests) {
        if (!request->is_closed) h2->respond(*request, 200, "ok");
    }
    for (TestClient* client : clients) EXPECT_TRUE(answer_to(*client).starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(h2->malformed.empty());
}

TEST_F(UpstreamHttp2Test, WhereNoMoreMayBeMadeRequestsWaitForTheirTurn) {
    begin();
    h2->limits.concurrent_streams_max = 1;
    answer_to(ask("none.example"));
    TestClient& first = connect(resolve("none.example"), 80);
    TestClient& second = connect(resolve("none.example"), 80);
    context().connections_max = 1;
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    first.send("GET / HTTP/1.1\r\nHost: none.example\r\n\r\n");
    run_until([&] { return h2->requests.size() == 2; });
    second.send("POST / HTTP/1.1\r\nHost: none.example\r\nContent-Length: 4\r\n\r\nlate");
    h2->answer = nullptr;
    run_until([&] { return !second.closed && pool().size() == 1; });
    h2->respond(*h2->requests[1], 200, "ok");
    EXPECT_TRUE(answer_to(first).starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(answer_to(second).starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(h2->requests[2]->body, "late");
    EXPECT_EQ(h2->peers.size(), 1u);
}

TEST_F(UpstreamHttp2Test, TrailersInterimResponsesAndMisdirectionComeThrough) {
    begin();
    h2->answer = [](Http2Origin& origin, OriginRequest& request) {
        origin.interim(request, 103, {{"Link", "</a>"}});
        origin.begin(request, 421);
        origin.write(request, "body");
        http::HeaderMap trailers;
        trailers.add("X-Sum", "7");
        origin.end(request, trailers);
    };
    TestClient& client = ask("none.example");
    run_until([&] { return client.received.find("7\r\n\r\n") != std::string::npos; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 103 ")) << client.received;
    EXPECT_NE(client.received.find("HTTP/1.1 421 "), std::string::npos);
    EXPECT_EQ(h2->peers.size(), 1u) << "passed on as it is";
}

TEST_F(UpstreamHttp2Test, AClientThatDoesNotReadHoldsItsStreamBackAndNoOther) {
    begin();
    const std::string big(8 * 1024 * 1024, 'x');
    h2->answer = [&](Http2Origin& origin, OriginRequest& request) {
        origin.respond(request, 200, request.head.target == "/big" ? big : "small");
    };
    TestClient& slow = connect(resolve("none.example"), 80);
    slow.stop_reading();
    slow.send("GET /big HTTP/1.1\r\nHost: none.example\r\n\r\n");
    run_until([&] { return h2->requests.size() == 1 && h2->requests[0]->is_answered; });
    EXPECT_NE(answer_to(ask("none.example")).find("small"), std::string::npos);
    EXPECT_EQ(h2->peers.size(), 1u);
    slow.start_reading();
    EXPECT_GT(answer_to(slow).size(), big.size());
}

TEST_F(UpstreamHttp2Test, AnOriginThatDoesNotReadHoldsTheClientBack) {
    begin();
    h2->pauses = true;
    TestClient& client = connect(resolve("none.example"), 80);
    const std::string big(4 * 1024 * 1024, 'x');
    client.send("POST / HTTP/1.1\r\nHost: none.example\r\nContent-Length: " + std::to_string(big.size()) + "\r\n\r\n" + big);
    run_until([&] { return h2->requests.size() == 1; });
    h2->pauses = false;
    answer_to(ask("none.example"));
    EXPECT_FALSE(h2->requests[0]->is_whole);
    h2->resume(*h2->requests[0]);
    EXPECT_TRUE(answer_to(client).starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(h2->requests[0]->body.size(), big.size());
}

TEST_F(UpstreamHttp2Test, AnOriginThatDoesNotAnswerIsGivenUpAndOthersAreNot) {
    Deadlines deadlines;
    deadlines.response_head = milliseconds(40);
    begin(Speaks::both, deadlines);
    h2->answer = [](Http2Origin& origin, OriginRequest& request) {
        if (request.head.target != "/never") origin.respond(request, 200, "ok");
    };
    TestClient& never = ask("none.example", "GET /never HTTP/1.1\r\n");
    EXPECT_TRUE(answer_to(never).starts_with("HTTP/1.1 504 ")) << never.received;
    run_until([&] { return h2->requests[0]->is_closed; });
    EXPECT_TRUE(h2->requests[0]->was_reset);
    EXPECT_TRUE(answer_to(ask("none.example")).starts_with("HTTP/1.1 200 "));
    // What is new goes elsewhere: where one is not answered, others may not be either.
    EXPECT_EQ(h2->peers.size(), 2u);
}

TEST_F(UpstreamHttp2Test, ClientsThatLeaveResetTheirStreams) {
    begin();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    TestClient& client = ask("none.example");
    run_until([&] { return h2->requests.size() == 1; });
    client.vanish();
    h2->begin(*h2->requests[0], 200);
    h2->write(*h2->requests[0], std::string(1000, 'x'));
    run_until([&] { return h2->requests[0]->is_closed; });
    EXPECT_TRUE(h2->requests[0]->was_reset);
    EXPECT_EQ(pool().links(), 1u);
}

TEST_F(UpstreamHttp2Test, OverCleartextARuleHasToSaySo) {
    begin(Speaks::http2_in_clear);
    EXPECT_TRUE(answer_to(ask("clear.example", "GET /c HTTP/1.1\r\n")).starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(h2->requests[0]->head.target, "/c");
    std::vector<TestClient*> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(&ask("clear.example"));
    for (TestClient* client : clients) EXPECT_TRUE(answer_to(*client).starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(h2->peers.size(), 1u);
}

constexpr const char* kHandshake =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(UpstreamHttp2Test, AnUpgradeToWebSocketIsOfferedHttp1Alone) {
    begin();
    TestClient& client = ask("none.example", "GET /chat HTTP/1.1\r\n", kHandshake);
    run_until([&] { return h2->requests.size() == 1; });
    EXPECT_EQ(h2->offered, std::vector<std::string>{"\x08http/1.1"}) << "the origin has not said that it takes extended CONNECT";
    EXPECT_NE(h2->requests[0]->head.target.find("Upgrade: websocket"), std::string::npos);
    EXPECT_EQ(pool().known_protocol(direct()), std::nullopt) << "nothing was learned from an offer of one";
    client.vanish();
}

// RFC 8441: the stream's one path for WebSocket sees the same as over HTTP/1.1.
TEST_F(UpstreamHttp2Test, WhereTheOriginTakesExtendedConnectAnUpgradeIsOne) {
    begin();
    answer_to(ask("none.example"));
    TestClient& client = ask("none.example", "GET /chat?x HTTP/1.1\r\n", kHandshake);
    run_until([&] { return h2->requests.size() == 2; });
    OriginRequest& request = *h2->requests[1];
    EXPECT_EQ(request.head.method, "CONNECT");
    EXPECT_EQ(request.head.protocol, "websocket");
    EXPECT_EQ(request.head.target, "/chat?x");
    EXPECT_EQ(request.field("sec-websocket-version"), "13");
    EXPECT_FALSE(request.head.headers.has("sec-websocket-key"));
    client.send("too early");
    h2->begin(request, 200);
    run_until([&] { return client.received.find("\r\n\r\n") != std::string::npos; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 ")) << client.received;
    EXPECT_NE(client.received.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
    run_until([&] { return request.body == "too early"; });
    h2->write(request, "from the origin");
    run_until([&] { return client.received.ends_with("from the origin"); });
    client.send(", and more");
    run_until([&] { return request.body == "too early, and more"; });
    EXPECT_FALSE(request.is_whole);
    client.half_close();
    run_until([&] { return request.is_whole; });
    h2->write(request, "the last");
    h2->end(request);
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.ends_with("the last"));
    EXPECT_EQ(h2->peers.size(), 1u);
    EXPECT_EQ(pool().links(), 1u);
    EXPECT_TRUE(answer_to(ask("none.example")).starts_with("HTTP/1.1 200 ")) << "and others go on";
}

TEST_F(UpstreamHttp2Test, AnOfferOfH2cIsNoExtendedConnect) {
    begin();
    answer_to(ask("none.example"));
    TestClient& client = ask("none.example", "GET /plain HTTP/1.1\r\n",
                             "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_TRUE(answer_to(client).starts_with("HTTP/1.1 200 ")) << client.received;
    EXPECT_EQ(h2->requests[1]->head.method, "GET");
    EXPECT_EQ(h2->requests[1]->head.protocol, "");
}

TEST_F(UpstreamHttp2Test, ARefusedExtendedConnectIsAnOrdinaryResponse) {
    begin();
    answer_to(ask("none.example"));
    TestClient& client = ask("none.example", "GET /chat HTTP/1.1\r\n", kHandshake);
    run_until([&] { return h2->requests.size() == 2; });
    h2->respond(*h2->requests[1], 403, "no");
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
}

TEST_F(UpstreamHttp2Test, WhatAnOriginSpeaksIsFoundOutBeforeTheFirstRequest) {
    begin();
    std::optional<Spoken> first;
    std::optional<Spoken> second;
    const UpstreamKey key = direct();
    EXPECT_EQ(pool().known_protocol(key), std::nullopt);
    const auto one = pool().learn(key, egress->snapshot(), [&](std::optional<Spoken> spoken) { first = spoken; });
    const auto two = pool().learn(key, egress->snapshot(), [&](std::optional<Spoken> spoken) { second = spoken; });
    bool was_told = false;
    { const auto gone = pool().learn(key, egress->snapshot(), [&](std::optional<Spoken>) { was_told = true; }); }
    EXPECT_FALSE(first);
    run_until([&] { return first && second; });
    EXPECT_EQ(first, Spoken::http2);
    EXPECT_EQ(second, Spoken::http2);
    EXPECT_FALSE(was_told);
    EXPECT_EQ(h2->peers.size(), 1u) << "one question for all";
    EXPECT_TRUE(h2->requests.empty());
    EXPECT_EQ(pool().known_protocol(key), Spoken::http2);
    UpstreamKey claimed = key;
    claimed.credential_index = 0;
    const auto upstream = pool().acquire(claimed, egress->snapshot(), UpstreamPool::Freshness::any);
    ASSERT_TRUE(upstream);
    EXPECT_TRUE((*upstream)->is_linked()) << "the connection is for the first request";
    EXPECT_TRUE((*upstream)->key().credential_index == 0);
    pool().discard(**upstream);
    UpstreamKey others = key;
    others.credential_index = 1;
    const auto another = pool().acquire(others, egress->snapshot(), UpstreamPool::Freshness::any);
    ASSERT_TRUE(another);
    EXPECT_FALSE((*another)->is_linked()) << "and for no other credential";
    pool().discard(**another);
}

TEST_F(UpstreamHttp2Test, AConnectionThatFoundHttp1IsForTheFirstRequestToo) {
    begin(Speaks::http1);
    std::optional<Spoken> spoken;
    const UpstreamKey key = direct();
    const auto question = pool().learn(key, egress->snapshot(), [&](std::optional<Spoken> found) { spoken = found; });
    run_until([&] { return spoken.has_value(); });
    EXPECT_EQ(spoken, Spoken::http1);
    UpstreamKey claimed = key;
    claimed.credential_index = -1;
    const auto upstream = pool().acquire(claimed, egress->snapshot(), UpstreamPool::Freshness::any);
    ASSERT_TRUE(upstream);
    EXPECT_TRUE((*upstream)->is_open());
    EXPECT_TRUE((*upstream)->key().credential_index == -1);
    EXPECT_EQ(h2->peers.size(), 1u);
    pool().discard(**upstream);
}

TEST_F(UpstreamHttp2Test, WhereThereIsNoConnectionNothingIsKnown) {
    begin();
    UpstreamKey nowhere = direct();
    nowhere.port = 1;
    int answers = 0;
    std::optional<Spoken> spoken = Spoken::http1;
    const auto done = [&](std::optional<Spoken> found) {
        spoken = found;
        ++answers;
    };
    const auto question = pool().learn(nowhere, egress->snapshot(), done);
    run_until([&] { return answers == 1; });
    EXPECT_EQ(spoken, std::nullopt);
    context().connections_max = 0;
    const auto another = pool().learn(direct(), egress->snapshot(), done);
    EXPECT_EQ(answers, 1) << "never at once";
    run_until([&] { return answers == 2; });
    EXPECT_EQ(pool().size(), 0u);
    EXPECT_EQ(pool().known_protocol(nowhere), std::nullopt);
}

}  // namespace
}  // namespace sallyport::proxy
