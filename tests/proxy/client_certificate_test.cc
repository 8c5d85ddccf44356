// Mutual TLS to origins, through the whole gate: who is shown what, and that no connection or session that one certificate has
// opened serves anybody else.
#include "rules/client_certificate.h"

#include "tests/net/loopback.h"
#include "tests/proxy/gate_fixture.h"
#include "tests/proxy/tls_origin.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets:
  one_cert: { env: GATE_TEST_ONE_CERT }
  one_key: { env: GATE_TEST_ONE_KEY }
  two_cert: { env: GATE_TEST_TWO_CERT }
  two_key: { env: GATE_TEST_TWO_KEY }
credentials:
  one: { type: client_certificate, certificate: "${secrets.one_cert}", key: "${secrets.one_key}" }
  two: { type: client_certificate, certificate: "${secrets.two_cert}", key: "${secrets.two_key}" }
  mixed: { type: client_certificate, certificate: "${secrets.one_cert}", key: "${secrets.two_key}" }
policies:
  p:
    rules:
      - { name: one, host: one.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8,
          credential: one, allow_cleartext_credential: true }
      - { name: two, host: two.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8,
          credential: two, allow_cleartext_credential: true }
      - { name: none, host: none.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8 }
      - { name: bad, host: bad.example, port: 80, scheme: http, upstream: "https://vcs.example:@TLS@", cidr: 127.0.0.0/8,
          credential: mixed, allow_cleartext_credential: true }
      - { name: name, host: name.example, port: 80, scheme: http, upstream: "https://other.example:@TLS@", cidr: 127.0.0.0/8,
          credential: one, allow_cleartext_credential: true }
      - { name: clear, host: clear.example, port: 80, scheme: http, upstream: "http://vcs.example:@PORT@", cidr: 127.0.0.0/8,
          credential: one, allow_cleartext_credential: true }
)";

class ClientCertificateTest : public GateTest {
protected:
    ClientCertificateTest() {
        auto [fd, port] = net::bind_loopback(SOCK_STREAM);
        port_ = port;
        tls = std::make_unique<TlsOrigin>(loop, std::move(fd), "DNS:vcs.example");
        show("ONE", admin::issue("agent one", "", &tls->clients_ca));
        show("TWO", admin::issue("agent two", "", &tls->clients_ca));
        start(policy());
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context().client_tls), tls->ca.certificate.get());
    }
    ~ClientCertificateTest() override { egress.reset(); }

    std::string policy() const {
        std::string text = kPolicy;
        const std::string mark = "@TLS@";
        for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark)) {
            text.replace(at, mark.size(), std::to_string(port_));
        }
        return text;
    }

    // The body of the answer, or its status where it is not 200.
    std::string get(const std::string& host) {
        TestClient& client = connect(resolve(host), 80);
        client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        run_until([&] { return is_complete(client.received); });
        const std::string& answer = client.received;
        return answer.starts_with("HTTP/1.1 200") ? answer.substr(answer.find("\r\n\r\n") + 4) : answer.substr(9, 3);
    }

    std::unique_ptr<TlsOrigin> tls;

private:
    static void show(const std::string& which, const admin::Issued& issued) {
        setenv(("GATE_TEST_" + which + "_CERT").c_str(), issued.certificate_pem().c_str(), 1);
        setenv(("GATE_TEST_" + which + "_KEY").c_str(), issued.key_pem().c_str(), 1);
    }
    static bool is_complete(const std::string& answer) {
        const auto end = answer.find("\r\n\r\n");
        const auto length = answer.find("Content-Length: ");
        if (end == answer.npos || length == answer.npos) return false;
        return answer.size() >= end + 4 + std::stoul(answer.substr(length + 16));
    }

    std::uint16_t port_ = 0;
};

TEST_F(ClientCertificateTest, TheOriginSeesWhoseRequestItIs) {
    EXPECT_EQ(get("one.example"), "agent one 1 1 new");
    EXPECT_EQ(get("two.example"), "agent two 2 1 new");
    EXPECT_EQ(get("none.example"), "nobody 3 1 new");
}

TEST_F(ClientCertificateTest, X9_AConnectionServesNoOtherIdentity) {
    EXPECT_EQ(get("one.example"), "agent one 1 1 new");
    EXPECT_EQ(get("none.example"), "nobody 2 1 new");
    EXPECT_EQ(get("two.example"), "agent two 3 1 new");
    EXPECT_EQ(get("one.example"), "agent one 1 2 new");
    EXPECT_EQ(get("none.example"), "nobody 2 2 new");
    EXPECT_EQ(get("two.example"), "agent two 3 2 new");
    EXPECT_EQ(tls->connections(), 3u);
}

TEST_F(ClientCertificateTest, D15_ASessionIsResumedByTheSameIdentityOnly) {
    tls->close_first(1);
    EXPECT_EQ(get("one.example"), "agent one 1 1 new");
    run_until([&] { return egress->pool().size() == 0; });
    EXPECT_EQ(get("none.example"), "nobody 2 1 new");
    EXPECT_EQ(get("two.example"), "agent two 3 1 new");
    EXPECT_EQ(get("one.example"), "agent one 4 1 resumed");
}

TEST_F(ClientCertificateTest, X9_ANewGenerationBeginsAnew) {
    EXPECT_EQ(get("one.example"), "agent one 1 1 new");
    publish(policy(), Generation{2});
    EXPECT_EQ(get("one.example"), "agent one 2 1 new");
}

TEST_F(ClientCertificateTest, AnOriginThatRequiresOneTurnsAwayWhoHasNone) {
    tls->require_certificates();
    EXPECT_EQ(get("none.example"), "502");
    EXPECT_EQ(get("one.example"), "agent one 2 1 new");
    EXPECT_EQ(tls->requests(), 1u);
}

TEST_F(ClientCertificateTest, D12_ItIsNeverSpokenOfInTheClear) {
    EXPECT_EQ(get("clear.example"), "403");
    EXPECT_EQ(origin.received(), "");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("cleartext_credential"), std::string::npos) << log_lines()[0];
}

TEST_F(ClientCertificateTest, D15_AnOriginOfAnotherNameGetsNothing) {
    EXPECT_EQ(get("name.example"), "502");
    EXPECT_EQ(tls->requests(), 0u);
}

TEST_F(ClientCertificateTest, AKeyOfAnotherCertificateIsADeny) {
    EXPECT_EQ(get("bad.example"), "403");
    EXPECT_EQ(tls->requests(), 0u);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("the client certificate: the key is another one's"), std::string::npos) << log_lines()[0];
    EXPECT_EQ(log_lines()[0].find("BEGIN"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::proxy
