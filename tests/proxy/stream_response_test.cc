#include "proxy/stream.h"

#include <sys/mman.h>

#include <fstream>

#include "proxy/server_tls.h"
#include "proxy/upstream_pool.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
policies:
  p:
    rules:
      - { name: chat, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/chat"] }
      - { name: quiet, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/quiet"], websocket: false }
      - { name: metered, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/metered"],
          limit: { bytes_out: 1000B/h, concurrency: 1 } }
)";
constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

class WebSocketTest : public GateTest {
protected:
    std::string handshake(const std::string& path = "/chat", const std::string& more = "") const {
        return with_port("GET " + path + " HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + kKey + "\r\n" + more + "\r\n");
    }
    static std::string switched(const std::string& accept = kAccept) {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n";
    }
    std::string& origin_received(std::size_t connection = 0) { return origin.connections[connection]->peer->received; }
    TestClient& open(const std::string& path = "/chat") {
        origin.responses = {switched()};
        TestClient& client = connect();
        client.send(handshake(path));
        run_until([&] { return client.received.ends_with("\r\n\r\n"); });
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 ")) << client.received;
        client.received.clear();
        origin_received(origin.connections.size() - 1).clear();
        return client;
    }
};

TEST_F(WebSocketTest, GoesThroughBothWaysUntilEitherSideEnds) {
    start(kPolicy);
    origin.responses = {switched() + "early"};
    TestClient& client = connect();
    client.send(handshake("/chat", "Sec-WebSocket-Protocol: a, b\r\n"));
    run_until([&] { return client.received.ends_with("early"); });
    EXPECT_EQ(client.received, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + std::string(kAccept) +
                                   "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    const std::string head = origin.received();
    EXPECT_NE(head.find("Upgrade: websocket\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Connection: Upgrade\r\n"), std::string::npos);
    EXPECT_NE(head.find("Sec-WebSocket-Protocol: a, b\r\n"), std::string::npos);
    const std::string frame("\x81\x05\0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 26);
    client.send(frame);
    run_until([&] { return origin_received().ends_with(frame); });
    origin.connections[0]->peer->send(frame);
    run_until([&] { return client.received.ends_with("early" + frame); });
    EXPECT_EQ(log_lines().size(), 0u) << "its line comes at the end";
    client.half_close();
    run_until([&] { return origin.connections[0]->peer->closed; });
    origin.connections[0]->peer->send("last words");
    run_until([&] { return client.received.ends_with("last words"); });
    origin.connections[0]->peer->half_close();
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find(R"("status":101,"request_bytes":26,"response_bytes":41)"), std::string::npos) << log_lines()[0];
    EXPECT_EQ(log_lines()[0].find("error"), std::string::npos);
}

TEST_F(WebSocketTest, EndsWhenTheOriginEndsFirst) {
    start(kPolicy);
    TestClient& client = open();
    origin.connections[0]->peer->send("bye");
    origin.connections[0]->peer->half_close();
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "bye");
    client.send("answer");
    run_until([&] { return origin_received() == "answer"; });
    client.half_close();
    run_until_logged(1);
    run_until([&] { return egress->downstream_count() == 0; });
}

// P6: no byte is relayed before a valid 101.
TEST_F(WebSocketTest, P6_WhatIsSentTooEarlyWaitsForTheAnswer) {
    start(kPolicy);
    origin.responses = {""};
    TestClient& client = connect();
    client.send(handshake() + "too early");
    run_until([&] { return !origin.connections.empty() && origin_received().ends_with("\r\n\r\n"); });
    int rounds = 0;
    run_until([&] { return ++rounds > 20; });
    EXPECT_EQ(origin_received().find("too early"), std::string::npos);
    origin.connections[0]->peer->send(switched());
    run_until([&] { return origin_received().ends_with("\r\n\r\ntoo early"); });
    client.half_close();
    origin.connections[0]->peer->half_close();
    run_until_logged(1);
}

// P6: a 101 without the matching answer is none.
TEST_F(WebSocketTest, P6_TheWrongAcceptIsRefused) {
    start(kPolicy);
    for (const std::string& answer :
         {switched("s3pPLMBiTxaQ9kYGzzhZRbK+xOO="), std::string("HTTP/1.1 101 X\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n")}) {
        origin.responses = {answer};
        TestClient& client = connect();
        client.send(handshake() + "hidden");
        run_until([&] { return client.closed; });
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 502 ")) << client.received;
        EXPECT_NE(client.received.find("origin_bad_upgrade"), std::string::npos);
        EXPECT_EQ(origin.received().find("hidden"), std::string::npos);
    }
    run_until_logged(2);
}

// P7: an answer that is no 101 ends the connections: what was pipelined behind is never sent on.
TEST_F(WebSocketTest, P7_AfterAnyOtherAnswerNothingFollows) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"};
    TestClient& client = connect();
    client.send(handshake() + with_port("GET /smuggled HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return client.closed && origin.connections[0]->peer->closed; });
    EXPECT_EQ(client.received, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(origin.received().find("smuggled"), std::string::npos);
    EXPECT_EQ(origin.connections.size(), 1u);
    run_until_logged(1);
}

TEST_F(WebSocketTest, P6_A101ThatNobodyAskedForIsRefused) {
    start(kPolicy);
    origin.responses = {switched()};
    TestClient& client = connect();
    client.send(with_port("GET /chat HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_NE(client.received.find("\"error\":\"origin_upgrade\""), std::string::npos) << client.received;
}

TEST_F(WebSocketTest, P6_WhereARuleSaysNoItIsRefused) {
    start(kPolicy);
    TestClient& client = connect();
    client.send(handshake("/quiet"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_NE(client.received.find("\"error\":\"upgrade_refused\""), std::string::npos) << client.received;
    TestClient& other = connect();
    other.send(with_port("GET /chat HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n"));
    run_until([&] { return other.received.ends_with("}\n"); });
    EXPECT_NE(other.received.find("\"error\":\"upgrade_refused\""), std::string::npos) << other.received;
    TestClient& malformed = connect();
    malformed.send(with_port("GET /chat HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
    run_until([&] { return malformed.closed; });
    EXPECT_TRUE(malformed.received.starts_with("HTTP/1.1 400 ")) << malformed.received;
    EXPECT_EQ(origin.connections.size(), 0u);
}

TEST_F(WebSocketTest, P6_AnOfferOfH2cIsPassedOver) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    TestClient& client = connect();
    client.send(with_port("GET /chat HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
                          "HTTP2-Settings: AAMAAABk\r\n\r\n"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(origin.received().find("h2c"), std::string::npos);
    EXPECT_EQ(origin.received().find("HTTP2-Settings"), std::string::npos) << "it belongs to the connection";
}

// P20: what a new policy denies ends at once.
TEST_F(WebSocketTest, P20_ANewPolicyThatDeniesItCutsIt) {
    start(kPolicy);
    TestClient& client = open();
    std::string changed = kPolicy;
    changed.replace(changed.find("paths: [\"/chat\"]"), 16, "paths: [\"/chat\"], websocket: false");
    publish(changed, Generation{2});
    EXPECT_EQ(egress->downstream_count(), 0u);
    run_until([&] { return client.closed && origin.connections[0]->peer->closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("by a newer policy"), std::string::npos);
}

TEST_F(WebSocketTest, IdleForTooLongItEnds) {
    Deadlines deadlines;
    deadlines.websocket_idle = milliseconds(30);
    start(kPolicy, deadlines);
    TestClient& client = open();
    run_until([&] { return client.closed && origin.connections[0]->peer->closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("nothing moved"), std::string::npos) << log_lines()[0];
}

// D18, P25: limits hold for as long as it is open.
TEST_F(WebSocketTest, D18_LimitsCountItToItsEnd) {
    start(kPolicy);
    TestClient& client = open("/metered");
    TestClient& second = connect();
    second.send(handshake("/metered"));
    run_until([&] { return second.received.ends_with("}\n"); });
    EXPECT_TRUE(second.received.starts_with("HTTP/1.1 429 ")) << second.received;
    client.send(std::string(500, 'a'));
    run_until([&] { return origin_received().size() == 500; });
    client.send(std::string(501, 'b'));
    run_until([&] { return client.closed; });
    EXPECT_EQ(origin_received().find('b'), std::string::npos);
    run_until_logged(2);
    TestClient& third = connect();
    third.send(handshake("/metered", "X: " + std::string(500, 'x') + "\r\n"));
    run_until([&] { return third.received.ends_with("}\n"); });
    EXPECT_NE(third.received.find("rate_limited"), std::string::npos);
}

TEST_F(WebSocketTest, ASlowSideHoldsTheOtherBack) {
    start(kPolicy);
    TestClient& client = open();
    const std::size_t size = 8 * 1024 * 1024;
    client.stop_reading();
    origin.connections[0]->peer->send(std::string(size, 'd'));
    int rounds = 0;
    run_until([&] { return ++rounds > 200; });
    client.start_reading();
    run_until([&] { return client.received.size() == size; });
    origin.connections[0]->peer->stop_reading();
    client.send(std::string(size, 'u'));
    rounds = 0;
    run_until([&] { return ++rounds > 200; });
    EXPECT_EQ(origin_received().size(), 0u);
    origin.connections[0]->peer->start_reading();
    run_until([&] { return origin_received().size() == size; });
}

// The origin behind TLS: bytes of the test origin's connection, through OpenSSL in memory.
class TlsOrigin {
public:
    TlsOrigin(TestOrigin& origin, const std::string& name)
        : origin_(origin),
          authority_(std::move(*certs::CertificateAuthority::create("origin", std::chrono::system_clock::now()))),
          leaf_(std::move(*authority_->mint_leaf(name, false, std::chrono::system_clock::now()))),
          context_(std::move(*certs::make_server_context())),
          pem_(memfd_create("ca", MFD_CLOEXEC)) {
        prepare_server_context(context_.get());
        std::ofstream(ca_file()) << authority_->pem();
        ssl_.reset(SSL_new(context_.get()));
        SSL_use_certificate(ssl_.get(), leaf_.get());
        SSL_use_PrivateKey(ssl_.get(), authority_->leaf_key());
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_accept_state(ssl_.get());
    }
    std::string ca_file() const { return "/proc/self/fd/" + std::to_string(pem_.get()); }

    void send(std::string_view bytes) {
        EXPECT_GT(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), 0);
        pump();
    }
    void end() {
        (void)SSL_shutdown(ssl_.get());
        pump();
        origin_.connections[0]->peer->half_close();
    }
    // What has come so far is taken, what is due is sent.
    void pump() {
        if (origin_.connections.empty()) return;
        TestClient& peer = *origin_.connections[0]->peer;
        BIO_write(in_, peer.received.data() + seen_, static_cast<int>(peer.received.size() - seen_));
        seen_ = peer.received.size();
        char block[16 * 1024];
        for (int size = SSL_read(ssl_.get(), block, sizeof block); size > 0; size = SSL_read(ssl_.get(), block, sizeof block)) {
            received.append(block, static_cast<std::size_t>(size));
        }
        const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        if (name != nullptr) server_name = name;
        ended = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
        for (int size = BIO_read(out_, block, sizeof block); size > 0; size = BIO_read(out_, block, sizeof block)) {
            peer.send({block, static_cast<std::size_t>(size)});
        }
    }

    std::string received;
    std::string server_name;
    bool ended = false;

private:
    struct SslFree {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    TestOrigin& origin_;
    std::unique_ptr<certs::CertificateAuthority> authority_;
    certs::X509Ptr leaf_;
    certs::SslContextPtr context_;
    UniqueFd pem_;
    std::unique_ptr<SSL, SslFree> ssl_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    std::size_t seen_ = 0;
};

constexpr const char* kRewritten = R"(
version: 1
policies:
  p:
    rules:
      - { name: staging, host: chat.example, port: 80, upstream: "https://other.example:@PORT@", cidr: 127.0.0.0/8 }
)";

class RewrittenToTlsTest : public WebSocketTest {
protected:
    TestClient& open_over(TlsOrigin& tls, const std::string& policy) {
        start(policy);
        client_tls_ = std::move(*certs::make_client_context({tls.ca_file()}));
        prepare_client_context(client_tls_.get());
        context().client_tls = client_tls_.get();
        return connect(resolve("chat.example"), 80);
    }
    TestClient& ask(TlsOrigin& tls) {
        TestClient& client = open_over(tls, kRewritten);
        client.send(std::string("GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ") + kKey + "\r\n\r\n");
        return client;
    }
    certs::SslContextPtr client_tls_;
};

TEST_F(RewrittenToTlsTest, TheDestinationsNameIsAskedForVerifiedAndSwitchedWith) {
    TlsOrigin tls(origin, "other.example");
    TestClient& client = ask(tls);
    const auto pumped = [&](auto done) {
        return [&, done] {
            tls.pump();
            return done();
        };
    };
    run_until(pumped([&] { return tls.received.ends_with("\r\n\r\n"); }));
    EXPECT_EQ(tls.server_name, "other.example");
    EXPECT_NE(tls.received.find(with_port("Host: other.example:@PORT@\r\n")), std::string::npos) << tls.received;
    tls.send(switched() + "hello");
    run_until(pumped([&] { return client.received.ends_with("\r\n\r\nhello"); }));
    client.send("world");
    run_until(pumped([&] { return tls.received.ends_with("world"); }));
    client.half_close();
    run_until(pumped([&] { return tls.ended; }));
    tls.send("last");
    run_until(pumped([&] { return client.received.ends_with("last"); }));
    tls.end();
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_EQ(log_lines()[0].find("error"), std::string::npos) << log_lines()[0];
}

// A login inside of the sandbox works, and its token stays outside.
TEST_F(RewrittenToTlsTest, R10_ATokenThatWasTakenOutOfAnAnswerIsPutBackForItsHost) {
    TlsOrigin tls(origin, "other.example");
    std::string policy = kRewritten;
    policy.replace(policy.find(", cidr"), 6, ", tokens: true, cidr");
    TestClient& client = open_over(tls, policy);
    const auto until = [&](const std::string& text, std::string_view end) {
        run_until([&] {
            tls.pump();
            return text.ends_with(end);
        });
    };
    const auto json = [](const std::string& body) {
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    const std::string token = "marker-token-0123456789abcdef";
    client.send("POST /login HTTP/1.1\r\nHost: chat.example\r\nContent-Length: 0\r\n\r\n");
    until(tls.received, "\r\n\r\n");
    tls.send(json("{\"access_token\":\"" + token + "\"}"));
    until(client.received, "}");
    EXPECT_EQ(client.received.find(token), std::string::npos);
    const auto at = client.received.find("sallyp0x");
    ASSERT_NE(at, std::string::npos) << client.received;
    const std::string stand_in = client.received.substr(at, client.received.find('"', at) - at);
    client.received.clear();
    tls.received.clear();
    client.send("GET /me HTTP/1.1\r\nHost: chat.example\r\nAuthorization: Bearer " + stand_in + "\r\n\r\n");
    until(tls.received, "\r\n\r\n");
    EXPECT_NE(tls.received.find("Authorization: Bearer " + token + "\r\n"), std::string::npos) << tls.received;
    tls.send(json("{\"you_are\":\"" + token + "\"}"));
    until(client.received, "}");
    EXPECT_EQ(client.received, json("{\"you_are\":\"" + std::string(token.size(), '*') + "\"}"));
}

// D15: the name that is verified is the destination's.
TEST_F(RewrittenToTlsTest, D15_ACertificateForTheNameAskedForIsNotTheDestinations) {
    TlsOrigin tls(origin, "chat.example");
    TestClient& client = ask(tls);
    run_until([&] {
        tls.pump();
        return client.received.ends_with("}\n");
    });
    EXPECT_NE(client.received.find("\"error\":\"tls_verify_failed\""), std::string::npos) << client.received;
    EXPECT_EQ(tls.received, "");
}

}  // namespace
}  // namespace sallyport::proxy
