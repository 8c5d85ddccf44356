#include "proxy/downstream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

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

    // A TLS client over memory: what it got back as an alert, or "" where the handshake completed.
    std::string handshake(const std::string& address, const std::string& server_name, X509** certificate = nullptr) {
        std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
        std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
        BIO* in = BIO_new(BIO_s_mem());
        BIO* out = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl.get(), in, out);
        if (!server_name.empty()) SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
        SSL_set_connect_state(ssl.get());
        TestClient& client = connect(address, origin.port());
        std::size_t seen = 0;
        std::string alert;
        bool ended = false;
        const auto step = [&] {
            BIO_write(in, client.received.data() + seen, static_cast<int>(client.received.size() - seen));
            seen = client.received.size();
            ERR_clear_error();
            const int result = SSL_do_handshake(ssl.get());
            if (result != 1 && SSL_get_error(ssl.get(), result) == SSL_ERROR_SSL) {
                alert = ERR_reason_error_string(ERR_peek_error());
                ended = true;
            }
            char block[4096];
            for (int size = BIO_read(out, block, sizeof block); size > 0; size = BIO_read(out, block, sizeof block)) {
                client.send({block, static_cast<std::size_t>(size)});
            }
            ended = ended || result == 1 || client.closed;
        };
        step();
        run_until([&] {
            if (client.received.size() > seen || client.closed) step();
            return ended;
        });
        if (certificate != nullptr) *certificate = SSL_get1_peer_certificate(ssl.get());
        return alert.empty() && !SSL_is_init_finished(ssl.get()) ? "closed" : alert;
    }
};

TEST_F(DownstreamTest, EndsTlsWithACertificateForTheNameAlone) {
    start(kPolicy);
    X509* certificate = nullptr;
    EXPECT_EQ(handshake(resolve("vcs.example"), "vcs.example", &certificate), "");
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(X509_check_host(certificate, "vcs.example", 0, 0, nullptr), 1);
    EXPECT_NE(X509_check_host(certificate, "other.example", 0, 0, nullptr), 1);
    X509_free(certificate);
}

TEST_F(DownstreamTest, ANameInAnyCaseIsTheSameName) {
    start(kPolicy);
    EXPECT_EQ(handshake(resolve("vcs.example"), "VCS.Example"), "");
}

TEST_F(DownstreamTest, WithoutSniTheAddressNamesTheHost) {
    start(kPolicy);
    X509* certificate = nullptr;
    EXPECT_EQ(handshake(resolve("vcs.example"), "", &certificate), "");
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(X509_check_host(certificate, "vcs.example", 0, 0, nullptr), 1);
    X509_free(certificate);
}

// D1, D2: SNI must be the name that the address stands for.
TEST_F(DownstreamTest, D1_AnotherServerNameIsRefusedByAnAlert) {
    start(kPolicy);
    EXPECT_EQ(handshake(resolve("vcs.example"), "other.example"), "tlsv1 unrecognized name");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("misdirected"), std::string::npos) << log_lines()[0];
}

TEST_F(DownstreamTest, ANameThatIsNoNameIsRefusedByAnAlert) {
    start(kPolicy);
    EXPECT_EQ(handshake("203.0.113.7", "a b"), "tlsv1 unrecognized name");
}

TEST_F(DownstreamTest, ASyntheticAddressWithoutANameIsRefused) {
    start(kPolicy);
    EXPECT_EQ(handshake("198.18.77.77", "vcs.example"), "tlsv1 unrecognized name");
    TestClient& client = connect("198.18.77.77", origin.port());
    client.send(get());
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
    run_until_logged(2);
}

// X5: a name that no rule allows costs a certificate only while there is a budget for it.
TEST_F(DownstreamTest, X5_CertificatesForRefusedNamesAreFew) {
    start(kPolicy);
    int explained = 0;
    int refused = 0;
    for (int i = 0; i < 130; ++i) {
        const std::string alert = handshake("203.0.113.7", "evil-" + std::to_string(i) + ".example");
        ++(alert.empty() ? explained : refused);
    }
    EXPECT_GE(refused, 1);
    EXPECT_LE(egress->leaves().size(), 130u);
    EXPECT_EQ(handshake(resolve("vcs.example"), "vcs.example"), "") << "an allowed name is not held back";
}

TEST_F(DownstreamTest, WhatIsNeitherTlsNorHttpIsRefusedAndLogged) {
    start(kPolicy);
    TestClient& client = connect();
    client.send("SSH-2.0-OpenSSH_9.2\r\n");
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("not_intercepted"), std::string::npos);
}

TEST_F(DownstreamTest, AClientThatSaysNothingLeavesNoLine) {
    start(kPolicy);
    TestClient& client = connect();
    client.half_close();
    run_until([&] { return egress->downstream_count() == 0; });
    EXPECT_EQ(log_lines().size(), 0u);
}

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

TEST_F(DownstreamTest, P24_AGreetingThatDoesNotComeIsGivenUp) {
    Deadlines deadlines;
    deadlines.greeting = milliseconds(20);
    start(kPolicy, deadlines);
    TestClient& client = connect(resolve("vcs.example"), origin.port());
    run_until([&] { return client.closed; });
    EXPECT_EQ(log_lines().size(), 0u) << "nothing was asked for";
    TestClient& half = connect(resolve("vcs.example"), origin.port());
    half.send("\x16\x03\x01");
    run_until([&] { return half.closed; });
    run_until_logged(1);
}

// Server-first protocols would wait for ever: a reset, at once where nothing can be allowed.
TEST_F(DownstreamTest, ASilentClientOfARefusedHostIsResetSoonAndLogged) {
    Deadlines deadlines;
    deadlines.refused_greeting = milliseconds(20);
    start(kPolicy, deadlines);
    TestClient& client = connect(resolve("db.example"), 5432);
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"error\":\"denied\""), std::string::npos) << log_lines()[0];
}

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
