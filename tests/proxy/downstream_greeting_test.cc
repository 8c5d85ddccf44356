#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <nlohmann/json.hpp>

#include "proxy/downstream.h"
#include "tests/proxy/audit_fixture.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
policies: { p: { rules: [ { host: vcs.example, port: @PORT@, cidr: 127.0.0.0/8 } ] } }
)";

class DownstreamGreetingTest : public GateTest {
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

TEST_F(DownstreamGreetingTest, EndsTlsWithACertificateForTheNameAlone) {
    start(kPolicy);
    X509* certificate = nullptr;
    EXPECT_EQ(handshake(resolve("vcs.example"), "vcs.example", &certificate), "");
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(X509_check_host(certificate, "vcs.example", 0, 0, nullptr), 1);
    EXPECT_NE(X509_check_host(certificate, "other.example", 0, 0, nullptr), 1);
    X509_free(certificate);
}

TEST_F(DownstreamGreetingTest, ANameInAnyCaseIsTheSameName) {
    start(kPolicy);
    EXPECT_EQ(handshake(resolve("vcs.example"), "VCS.Example"), "");
}

TEST_F(DownstreamGreetingTest, WithoutSniTheAddressNamesTheHost) {
    start(kPolicy);
    X509* certificate = nullptr;
    EXPECT_EQ(handshake(resolve("vcs.example"), "", &certificate), "");
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(X509_check_host(certificate, "vcs.example", 0, 0, nullptr), 1);
    X509_free(certificate);
}

// D1, D2: SNI must be the name that the address stands for.
TEST_F(DownstreamGreetingTest, D1_AnotherServerNameIsRefusedByAnAlert) {
    start(kPolicy);
    EXPECT_EQ(handshake(resolve("vcs.example"), "other.example"), "tlsv1 unrecognized name");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("misdirected"), std::string::npos) << log_lines()[0];
}

TEST_F(DownstreamGreetingTest, ANameThatIsNoNameIsRefusedByAnAlert) {
    start(kPolicy);
    EXPECT_EQ(handshake("203.0.113.7", "a b"), "tlsv1 unrecognized name");
}

// As soon as that is known, and the client that goes on sending has time to read it.
TEST_F(DownstreamGreetingTest, ARefusedGreetingNeedsNotBeWhole) {
    start(kPolicy);
    TestClient& client = connect_tcp(resolve("vcs.example"), origin.port());
    client.send(std::string("\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9) + std::string(1000, 'x'));
    run_until([&] { return client.received.size() >= 7; });
    client.send(std::string(100'000, 'x'));
    client.half_close();
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, std::string("\x15\x03\x03\x00\x02\x02\x32", 7));
    EXPECT_FALSE(client.reset);
}

TEST_F(DownstreamGreetingTest, ASyntheticAddressWithoutANameIsRefused) {
    start(kPolicy);
    EXPECT_EQ(handshake("198.18.77.77", "vcs.example"), "tlsv1 unrecognized name");
    TestClient& client = connect("198.18.77.77", origin.port());
    client.send(get());
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
    run_until_logged(2);
}

// X5: a name that no rule allows costs a certificate only while there is a budget for it.
TEST_F(DownstreamGreetingTest, X5_CertificatesForRefusedNamesAreFew) {
    start(kPolicy);
    std::size_t explained = 0;
    std::size_t refused = 0;
    for (int i = 0; i < 100 && refused == 0; ++i) {
        // The budget fills with time: it is used up anew before each.
        while (egress->may_explain_refusal("filler.example")) continue;
        const std::string alert = handshake("203.0.113.7", "evil-" + std::to_string(i) + ".example");
        ++(alert.empty() ? explained : refused);
    }
    EXPECT_EQ(refused, 1u);
    EXPECT_EQ(egress->leaves().size(), explained);
    EXPECT_EQ(handshake(resolve("vcs.example"), "vcs.example"), "") << "an allowed name is not held back";
}

TEST_F(DownstreamGreetingTest, WhatIsNeitherTlsNorHttpIsRefusedAndLogged) {
    start(kPolicy);
    TestClient& client = connect();
    client.send("SSH-2.0-OpenSSH_9.2\r\n");
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("not_intercepted"), std::string::npos);
}

TEST_F(DownstreamGreetingTest, AClientThatSaysNothingLeavesNoLine) {
    start(kPolicy);
    TestClient& client = connect();
    client.half_close();
    run_until([&] { return egress->downstream_count() == 0; });
    EXPECT_EQ(log_lines().size(), 0u);
}

TEST_F(DownstreamGreetingTest, P24_AGreetingThatDoesNotComeIsGivenUp) {
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

TEST_F(DownstreamGreetingTest, ASilentClientOfARefusedHostIsResetSoonAndLogged) {
    Deadlines deadlines;
    deadlines.refused_greeting = milliseconds(20);
    start(kPolicy, deadlines);
    TestClient& client = connect(resolve("db.example"), 5432);
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"error\":\"denied\""), std::string::npos) << log_lines()[0];
}

// X14: refused before there was a request, and recorded like one.
TEST_F(DownstreamGreetingTest, ARefusedGreetingIsADecisionInTheAuditLog) {
    AuditDirectory directory;
    const auto audit = open_log(options_for(directory));
    start(kPolicy);
    context().audit = audit.get();
    connect().send("SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_EQ(handshake(resolve("vcs.example"), "other.example"), "tlsv1 unrecognized name");
    run_until_logged(2);
    const auto lines = lines_of(directory.log());
    ASSERT_EQ(lines.size(), 2u);
    const auto raw = nlohmann::json::parse(lines[0]);
    EXPECT_EQ(raw["type"], "decision");
    EXPECT_EQ(raw["scheme"], "tcp");
    EXPECT_EQ(raw["error"], "not_intercepted");
    const auto tls = nlohmann::json::parse(lines[1]);
    EXPECT_EQ(tls["host"], "vcs.example");
    EXPECT_EQ(tls["error"], "misdirected");
}

TEST_F(DownstreamGreetingTest, AnOperatorSeesHowFarItHasCome) {
    start(kPolicy);
    connect(resolve("vcs.example"), origin.port());
    std::vector<LiveConnection> live;
    egress->list(live);
    ASSERT_EQ(live.size(), 1u);
    EXPECT_EQ(live[0].state, "greeting");
    EXPECT_EQ(live[0].protocol, "");
    EXPECT_EQ(live[0].port, origin.port());
}

}  // namespace
}  // namespace sallyport::proxy
