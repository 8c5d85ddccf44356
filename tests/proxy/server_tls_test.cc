#include "proxy/server_tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <memory>
#include <optional>
#include <string>

#include "certs/authority.h"
#include "certs/tls_context.h"

namespace sallyport::proxy {
namespace {

struct Outcome {
    std::string failure;   // the client's, as OpenSSL names it
    std::string protocol;  // agreed on by ALPN
    Spoken spoken = Spoken::http1;  // as the server sees it
};

Outcome shake_hands(const std::string& offered, std::optional<Spoken> spoken = {}) {
    static const auto authority =
        std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
    const auto leaf = authority->mint_leaf("a.example", false, std::chrono::system_clock::now());
    const auto server_context = std::move(*certs::make_server_context());
    prepare_server_context(server_context.get());
    const certs::SslContextPtr client_context(SSL_CTX_new(TLS_client_method()));
    const std::unique_ptr<SSL, decltype(&SSL_free)> server(SSL_new(server_context.get()), &SSL_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(client_context.get()), &SSL_free);
    SSL_use_certificate(server.get(), leaf->get());
    SSL_use_PrivateKey(server.get(), authority->leaf_key());
    if (spoken) set_spoken(server.get(), *spoken);
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(offered.data()), static_cast<unsigned>(offered.size()));
    BIO *near = nullptr, *far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client.get(), near, near);
    SSL_set_bio(server.get(), far, far);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    Outcome outcome;
    for (int i = 0; i < 6; ++i) {
        ERR_clear_error();
        const int result = SSL_do_handshake(client.get());
        if (result != 1 && SSL_get_error(client.get(), result) == SSL_ERROR_SSL) {
            outcome.failure = ERR_reason_error_string(ERR_peek_error());
            break;
        }
        ERR_clear_error();
        (void)SSL_do_handshake(server.get());
    }
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.get(), &protocol, &size);
    outcome.protocol.assign(reinterpret_cast<const char*>(protocol), size);
    outcome.spoken = agreed_on(server.get());
    return outcome;
}

TEST(ServerTls, AgreesOnHttp1) {
    EXPECT_EQ(shake_hands("\x02h2\x08http/1.1").protocol, "http/1.1");
    EXPECT_EQ(shake_hands("\x08http/1.0").protocol, "http/1.0");
    EXPECT_EQ(shake_hands("\x08http/1.0\x08http/1.1").protocol, "http/1.1");
    EXPECT_EQ(shake_hands("").protocol, "");
    EXPECT_EQ(shake_hands("").failure, "");
}

TEST(ServerTls, AClientThatSpeaksSomethingElseOnlyIsToldSo) {
    EXPECT_EQ(shake_hands("\x02h2").failure, "tlsv1 alert no application protocol");
}

TEST(ServerTls, AgreesOnHttp2WhereThatWasChosen) {
    struct Case {
        std::string offered;
        Spoken chosen;
        std::string agreed;
    };
    const Case cases[] = {
        {"\x02h2\x08http/1.1", Spoken::http2, "h2"},
        {"\x08http/1.1\x02h2", Spoken::http2, "h2"},
        {"\x02h2", Spoken::http2, "h2"},
        {"\x08http/1.1", Spoken::http2, "http/1.1"},
        {"\x08http/1.0", Spoken::http2, "http/1.0"},
        {"", Spoken::http2, ""},
        {"\x02h2\x08http/1.1", Spoken::http1, "http/1.1"},
        {"\x02h2\x08http/1.0\x08http/1.1", Spoken::http1, "http/1.1"},
    };
    for (const Case& one : cases) {
        const Outcome outcome = shake_hands(one.offered, one.chosen);
        EXPECT_EQ(outcome.failure, "") << one.offered;
        EXPECT_EQ(outcome.protocol, one.agreed) << one.offered;
        EXPECT_EQ(outcome.spoken, one.agreed == "h2" ? Spoken::http2 : Spoken::http1) << one.offered;
    }
    for (const Spoken chosen : {Spoken::http1, Spoken::http2}) {
        EXPECT_EQ(shake_hands("\x06spdy/3", chosen).failure, "tlsv1 alert no application protocol");
    }
    EXPECT_EQ(shake_hands("\x02h2", Spoken::http1).failure, "tlsv1 alert no application protocol");
}

// As a client's OpenSSL reads it, in answer to its ClientHello.
TEST(ServerTls, AnAlertIsARecordOfItsOwn) {
    const std::pair<int, const char*> cases[] = {{SSL_AD_UNRECOGNIZED_NAME, "tlsv1 unrecognized name"},
                                                 {SSL_AD_ACCESS_DENIED, "tlsv1 alert access denied"},
                                                 {SSL_AD_DECODE_ERROR, "tlsv1 alert decode error"}};
    for (const auto& [alert, reason] : cases) {
        const certs::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
        const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(context.get()), &SSL_free);
        BIO* in = BIO_new(BIO_s_mem());
        SSL_set_bio(client.get(), in, BIO_new(BIO_s_mem()));
        SSL_connect(client.get());
        ERR_clear_error();
        const std::string record = fatal_alert(alert);
        BIO_write(in, record.data(), static_cast<int>(record.size()));
        EXPECT_EQ(SSL_connect(client.get()), -1);
        EXPECT_STREQ(ERR_reason_error_string(ERR_peek_error()), reason);
        ERR_clear_error();
    }
}

}  // namespace
}  // namespace sallyport::proxy
