#include "proxy/http2_exchange.h"

#include "proxy/websocket.h"
#include "tests/proxy/http2_origin.h"
#include "tests/proxy/http2_test_client.h"

namespace sallyport::proxy {
namespace {

// Cleartext on both sides; each host is the origin's own.
class Http2ExchangeTest : public GateTest {
protected:
    // Towards an origin of HTTP/2.
    Http2TestClient& begin(Deadlines deadlines = {}) {
        sockaddr_storage address{};
        socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, address);
        UniqueFd listening(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        EXPECT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(listening.get(), 16), 0);
        EXPECT_EQ(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = net::from_sockaddr(address)->port;
        http2 = std::make_unique<Http2Origin>(loop, std::move(listening), Http2Origin::Speaks::http2_in_clear);
        const std::string rule = "host: vcs.example, port: " + std::to_string(port_) + ", scheme: http, cidr: 127.0.0.0/8, h2c: true";
        start("version: 1\n"
              "secrets: { token: { env: GATE_TEST_SECRET } }\n"
              "credentials: { vcs: { type: header, name: X-Auth-Token, value: \"${secrets.token}\" } }\n"
              "policies:\n  p:\n    rules:\n"
              "      - { name: vcs, paths: [\"/with/**\"], credential: vcs, allow_cleartext_credential: true, " + rule + " }\n"
              "      - { name: open, " + rule + " }\n",
              deadlines);
        wire_ = &connect("203.0.113.9", port_);
        client_ = std::make_unique<Http2TestClient>(*wire_);
        return *client_;
    }
    void run_until_pumped(const std::function<bool()>& done) {
        run_until([&] {
            client_->pump();
            return done();
        });
    }
    http::RequestHead request(std::string method, std::string target) const {
        return h2_request(std::move(method), std::move(target), "vcs.example:" + std::to_string(port_));
    }
    http::RequestHead with_body(std::string method, std::string target) const {
        http::RequestHead head = request(std::move(method), std::move(target));
        head.body = {http::BodyKind::chunked, 0};
        return head;
    }
    void hold_answers() {
        http2->answer = [](Http2Origin&, OriginRequest&) {};
    }

    TestClient& wire() { return *wire_; }

    std::unique_ptr<Http2Origin> http2;
    std::uint16_t port_ = 0;

private:
    TestClient* wire_ = nullptr;
    std::unique_ptr<Http2TestClient> client_;
};

TEST_F(Http2ExchangeTest, StreamsOfOneConnectionShareOneToTheOrigin) {
    Http2TestClient& client = begin();
    std::vector<TestAnswer*> answers;
    for (int i = 0; i < 50; ++i) answers.push_back(&client.request(request("GET", "/" + std::to_string(i))));
    run_until_pumped([&] { return std::all_of(answers.begin(), answers.end(), [](auto* each) { return each->closed; }); });
    for (const TestAnswer* each : answers) EXPECT_EQ(each->body, "ok");
    EXPECT_EQ(http2->peers.size(), 1u);
    run_until_logged(50);
}

TEST_F(Http2ExchangeTest, AResetOfTheClientsReachesTheOriginAndNoOther) {
    Http2TestClient& client = begin();
    hold_answers();
    TestAnswer& given_up = client.request(request("GET", "/a"));
    TestAnswer& other = client.request(request("GET", "/b"));
    run_until_pumped([&] { return http2->requests.size() == 2; });
    client.reset(given_up);
    run_until_pumped([&] { return http2->requests[0]->is_closed; });
    EXPECT_TRUE(http2->requests[0]->was_reset);
    http2->respond(*http2->requests[1], 200, "still here");
    run_until_pumped([&] { return other.closed; });
    EXPECT_EQ(other.body, "still here");
    run_until_logged(2);
    EXPECT_NE(log_lines()[0].find("client_gone"), std::string::npos) << log_lines()[0];
}

TEST_F(Http2ExchangeTest, AnAnswerThatIsCutIsSeenToBe) {
    Http2TestClient& client = begin();
    hold_answers();
    TestAnswer& answer = client.request(request("GET", "/a"));
    run_until_pumped([&] { return http2->requests.size() == 1; });
    http2->begin(*http2->requests[0], 200);
    http2->write(*http2->requests[0], "half");
    run_until_pumped([&] { return answer.body == "half"; });
    http2->reset(*http2->requests[0], http::Http2Error::internal_error);
    run_until_pumped([&] { return answer.closed; });
    EXPECT_FALSE(answer.ended);
    EXPECT_TRUE(answer.error);
}

TEST_F(Http2ExchangeTest, AClientThatDoesNotReadHoldsUpItsOwnStreamAlone) {
    Http2TestClient& client = begin();
    const std::string large(3'000'000, 'x');
    http2->answer = [&](Http2Origin& from, OriginRequest& asked) { from.respond(asked, 200, asked.head.target == "/large" ? large : "ok"); };
    http::RequestHead head = request("GET", "/large");
    TestAnswer& slow = client.open(head);
    slow.pauses = true;
    client.end(slow);
    run_until_pumped([&] { return !slow.body.empty(); });
    TestAnswer& quick = client.request(request("GET", "/small"));
    run_until_pumped([&] { return quick.closed; });
    EXPECT_EQ(quick.body, "ok");
    EXPECT_LT(slow.body.size(), large.size());
    client.resume(slow);
    run_until_pumped([&] { return slow.closed; });
    EXPECT_EQ(slow.body, large);
}

TEST_F(Http2ExchangeTest, AnOriginThatDoesNotReadHoldsUpItsOwnRequestAlone) {
    Http2TestClient& client = begin();
    http2->pauses = true;
    const std::string large(3'000'000, 'y');
    TestAnswer& upload = client.open(with_body("PUT", "/up"));
    client.write(upload, large);
    client.end(upload);
    run_until_pumped([&] { return http2->requests.size() == 1; });
    http2->pauses = false;
    TestAnswer& quick = client.request(request("GET", "/small"));
    run_until_pumped([&] { return quick.closed; });
    EXPECT_EQ(quick.body, "ok");
    EXPECT_LT(http2->requests[0]->body.size(), large.size());
    http2->resume(*http2->requests[0]);
    run_until_pumped([&] { return upload.closed; });
    EXPECT_EQ(http2->requests[0]->body, large);
}

TEST_F(Http2ExchangeTest, BothDirectionsMoveInTurns) {
    Http2TestClient& client = begin();
    hold_answers();
    TestAnswer& call = client.open(with_body("POST", "/pkg.Service/Talk"));
    run_until_pumped([&] { return http2->requests.size() == 1; });
    OriginRequest& asked = *http2->requests[0];
    http2->begin(asked, 200, {{"content-type", "application/grpc"}});
    for (int i = 0; i < 3; ++i) {
        client.write(call, "ping");
        run_until_pumped([&] { return asked.body.size() == 4u * (static_cast<std::size_t>(i) + 1); });
        http2->write(asked, "pong");
        run_until_pumped([&] { return call.body.size() == 4u * (static_cast<std::size_t>(i) + 1); });
    }
    client.end(call);
    run_until_pumped([&] { return asked.is_whole; });
    http::HeaderMap trailers;
    trailers.add("grpc-status", "0");
    http2->end(asked, trailers);
    run_until_pumped([&] { return call.closed; });
    EXPECT_EQ(call.trailers.get("grpc-status"), "0");
    run_until_logged(1);
}

TEST_F(Http2ExchangeTest, TeTrailersGoesOn) {
    Http2TestClient& client = begin();
    http::RequestHead head = request("POST", "/pkg.Service/Call");
    head.headers.add("te", "trailers");
    TestAnswer& answer = client.request(head);
    run_until_pumped([&] { return answer.closed; });
    EXPECT_EQ(http2->requests.at(0)->field("te"), "trailers");
}

// R8: what stands in heads, early hints and trailers is looked for as in HTTP/1.
TEST_F(Http2ExchangeTest, R8_ASecretComesBackInNoSectionOfAnAnswer) {
    Http2TestClient& client = begin();
    http2->answer = [&](Http2Origin& from, OriginRequest& asked) {
        EXPECT_EQ(asked.field("x-auth-token"), kMarkerSecret);
        from.interim(asked, 103, {{"link", kMarkerSecret}});
        from.begin(asked, 200, {{"x-echo", kMarkerSecret}});
        from.write(asked, std::string("body ") + kMarkerSecret);
        http::HeaderMap trailers;
        trailers.add("x-sum", kMarkerSecret);
        from.end(asked, trailers);
    };
    TestAnswer& answer = client.request(request("GET", "/with/it"));
    run_until_pumped([&] { return answer.closed; });
    EXPECT_EQ(answer.head.status, 200);
    std::string all = answer.body;
    const auto take = [&](const http::HeaderMap& headers) {
        for (const auto [name, value] : headers) all.append(name).append(value);
    };
    take(answer.head.headers);
    take(answer.trailers);
    for (const auto& each : answer.interim) take(each.headers);
    EXPECT_TRUE(all.starts_with("body "));
    EXPECT_EQ(all.find(kMarkerSecret), std::string::npos) << all;
}

TEST_F(Http2ExchangeTest, AWebSocketIsAnExtendedConnectOnBothSides) {
    Http2TestClient& client = begin();
    hold_answers();
    // So that the origin's settings are there.
    TestAnswer& first = client.request(request("GET", "/with/first"));
    run_until_pumped([&] { return http2->requests.size() == 1; });
    http2->respond(*http2->requests[0], 200, "ok");
    run_until_pumped([&] { return first.closed; });
    http::RequestHead head = request("CONNECT", "/with/socket");
    head.protocol = "websocket";
    head.upgrade = true;
    head.body = {http::BodyKind::chunked, 0};
    head.headers.add("sec-websocket-version", "13");
    TestAnswer& socket = client.open(head);
    run_until_pumped([&] { return http2->requests.size() == 2; });
    OriginRequest& asked = *http2->requests[1];
    EXPECT_EQ(asked.head.protocol, "websocket");
    EXPECT_EQ(asked.field("x-auth-token"), kMarkerSecret);
    http2->begin(asked, 200);
    run_until_pumped([&] { return socket.head.status == 200; });
    const std::string frame("\x82\x84\0\0\0\0ping", 10);
    client.write(socket, frame);
    run_until_pumped([&] { return asked.body.size() >= frame.size(); });
    http2->write(asked, std::string("\x82\x04pong", 6));
    run_until_pumped([&] { return socket.body.size() >= 6; });
    EXPECT_EQ(socket.body.substr(2), "pong");
    client.end(socket);
    http2->end(asked);
    run_until_pumped([&] { return socket.closed; });
    run_until_logged(2);
}

TEST_F(Http2ExchangeTest, ANewPolicyCutsTheStreamsThatItDeniesAlone) {
    Http2TestClient& client = begin();
    hold_answers();
    TestAnswer& kept = client.request(request("GET", "/kept"));
    TestAnswer& denied = client.request(request("GET", "/denied"));
    run_until_pumped([&] { return http2->requests.size() == 2; });
    publish("version: 1\npolicies:\n  p:\n    rules:\n"
            "      - { host: vcs.example, port: " + std::to_string(port_) + ", scheme: http, cidr: 127.0.0.0/8, h2c: true, paths: [\"/kept\"] }\n",
            Generation{2});
    run_until_pumped([&] { return denied.closed; });
    EXPECT_EQ(denied.head.status, 403);
    http2->respond(*http2->requests[0], 200, "ok");
    run_until_pumped([&] { return kept.closed; });
    EXPECT_EQ(kept.body, "ok");
}

// The connection ends with what was asked for in full, and holds nothing up.
TEST_F(Http2ExchangeTest, AClientThatLeavesInTheMiddleOfAnUploadLeavesNothingBehind) {
    Http2TestClient& client = begin();
    hold_answers();
    client.open(with_body("PUT", "/up"));
    run_until_pumped([&] { return http2->requests.size() == 1; });
    wire().half_close();
    run_until([&] { return egress->downstream_count() == 0; });
    EXPECT_EQ(egress->open_streams(), 0u);
    run_until_logged(1);
}

// P24: a client that takes nothing of its answer keeps neither stream nor memory.
TEST_F(Http2ExchangeTest, P24_AStreamWhoseClientNeverReadsIsCut) {
    Deadlines deadlines;
    deadlines.body_progress = milliseconds(40);
    Http2TestClient& client = begin(deadlines);
    const std::string large(3'000'000, 'x');
    http2->answer = [&](Http2Origin& from, OriginRequest& asked) { from.respond(asked, 200, large); };
    TestAnswer& slow = client.open(request("GET", "/large"));
    slow.pauses = true;
    client.end(slow);
    run_until_pumped([&] { return slow.closed; });
    EXPECT_FALSE(slow.ended);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("request_timeout"), std::string::npos) << log_lines()[0];
}

}  // namespace
}  // namespace sallyport::proxy
