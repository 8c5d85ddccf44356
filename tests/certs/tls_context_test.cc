#include "certs/tls_context.h"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "certs/authority.h"

namespace sallyport::certs {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SessionPtr = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

// A client and a server, joined in memory.
struct Pair {
    SslPtr client, server;

    bool handshake() {
        for (int i = 0; i < 10 && !(SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get())); ++i) {
            const int client_result = SSL_do_handshake(client.get());
            const int server_result = SSL_do_handshake(server.get());
            const bool client_failed = SSL_get_error(client.get(), client_result) == SSL_ERROR_SSL;
            const bool server_failed = SSL_get_error(server.get(), server_result) == SSL_ERROR_SSL;
            ERR_clear_error();
            if (client_failed || server_failed) return false;
        }
        return SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get());
    }
    // Lets the client see the tickets.
    void exchange_bytes() {
        char byte = 'x';
        SALLYPORT_CHECK(SSL_write(server.get(), &byte, 1) == 1);
        SALLYPORT_CHECK(SSL_read(client.get(), &byte, 1) == 1);
    }
};

class TlsContextTest : public testing::Test {
protected:
    TlsContextTest() {
        SSL_CTX_set_session_id_context(server_context.get(), reinterpret_cast<const unsigned char*>("t"), 1);
        SSL_CTX_sess_set_new_cb(client_context.get(), [](SSL* ssl, SSL_SESSION* session) {
            auto* to = static_cast<std::vector<SessionPtr>*>(SSL_get_app_data(ssl));
            if (to == nullptr) return 0;
            to->emplace_back(session, &SSL_SESSION_free);
            return 1;
        });
    }
    ~TlsContextTest() override { std::filesystem::remove_all(folder); }

    Pair pair(SSL_CTX* client, SSL_CTX* server) {
        Pair made{SslPtr(SSL_new(client)), SslPtr(SSL_new(server))};
        BIO* client_bio = nullptr;
        BIO* server_bio = nullptr;
        SALLYPORT_CHECK(BIO_new_bio_pair(&client_bio, 64 * 1024, &server_bio, 64 * 1024) == 1);
        SSL_set_bio(made.client.get(), client_bio, client_bio);
        SSL_set_bio(made.server.get(), server_bio, server_bio);
        SSL_set_connect_state(made.client.get());
        SSL_set_accept_state(made.server.get());
        SSL_set1_host(made.client.get(), "api.example.com");
        const auto leaf = authority->mint_leaf("api.example.com", false, std::chrono::system_clock::now());
        SALLYPORT_CHECK(SSL_use_certificate(made.server.get(), leaf->get()) == 1);
        SALLYPORT_CHECK(SSL_use_PrivateKey(made.server.get(), authority->leaf_key()) == 1);
        SSL_set_app_data(made.client.get(), &sessions);
        return made;
    }
    Pair pair() { return pair(client_context.get(), server_context.get()); }

    std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("tls_context." + std::to_string(getpid()));
    std::string ca_file = folder / "ca.pem";
    std::unique_ptr<CertificateAuthority> authority =
        std::move(CertificateAuthority::create("test", std::chrono::system_clock::now()).value());
    std::vector<SessionPtr> sessions;
    SslContextPtr server_context = std::move(make_server_context().value());
    SslContextPtr client_context = [this] {
        std::filesystem::create_directory(folder);
        std::ofstream(ca_file) << authority->pem();
        return std::move(make_client_context({ca_file}).value());
    }();
};

TEST_F(TlsContextTest, SpeaksTls13WithAes128AndX25519) {
    Pair both = pair();
    ASSERT_TRUE(both.handshake());
    EXPECT_STREQ(SSL_get_version(both.client.get()), "TLSv1.3");
    EXPECT_STREQ(SSL_get_cipher_name(both.client.get()), "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(SSL_get_negotiated_group(both.client.get()), NID_X25519);
}

TEST_F(TlsContextTest, SpeaksTls12WithForwardSecrecy) {
    Pair both = pair();
    SSL_set_max_proto_version(both.client.get(), TLS1_2_VERSION);
    ASSERT_TRUE(both.handshake());
    EXPECT_STREQ(SSL_get_version(both.client.get()), "TLSv1.2");
    EXPECT_STREQ(SSL_get_cipher_name(both.client.get()), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(TlsContextTest, PrefersItsOwnCipherToTheClients) {
    Pair both = pair();
    SSL_set_ciphersuites(both.client.get(), "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
    ASSERT_TRUE(both.handshake());
    EXPECT_STREQ(SSL_get_cipher_name(both.client.get()), "TLS_AES_128_GCM_SHA256");
}

TEST_F(TlsContextTest, OffersOnlyForwardSecretAuthenticatedCiphers) {
    for (SSL_CTX* context : {server_context.get(), client_context.get()}) {
        const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context);
        EXPECT_EQ(sk_SSL_CIPHER_num(ciphers), 9);
        for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
            const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
            EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
            EXPECT_THAT(SSL_CIPHER_get_kx_nid(cipher), AnyOf(NID_kx_ecdhe, NID_kx_any)) << SSL_CIPHER_get_name(cipher);
        }
    }
}

TEST_F(TlsContextTest, RefusesOldVersionsAndOldCiphers) {
    Pair old_version = pair();
    SSL_set_security_level(old_version.client.get(), 0);
    SSL_set_min_proto_version(old_version.client.get(), TLS1_VERSION);
    SSL_set_max_proto_version(old_version.client.get(), TLS1_1_VERSION);
    EXPECT_FALSE(old_version.handshake());
    Pair old_cipher = pair();
    SSL_set_max_proto_version(old_cipher.client.get(), TLS1_2_VERSION);
    SSL_set_cipher_list(old_cipher.client.get(), "ECDHE-ECDSA-AES128-SHA");
    EXPECT_FALSE(old_cipher.handshake());
}

TEST_F(TlsContextTest, RefusesACertificateOfAnUnknownAuthority) {
    const auto distrusting = make_client_context({});
    ASSERT_TRUE(distrusting.has_value());
    Pair both = pair(distrusting->get(), server_context.get());
    EXPECT_FALSE(both.handshake());
    EXPECT_EQ(SSL_get_verify_result(both.client.get()), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(TlsContextTest, RefusesACertificateForAnotherName) {
    Pair both = pair();
    SSL_set1_host(both.client.get(), "other.example.com");
    EXPECT_FALSE(both.handshake());
    EXPECT_EQ(SSL_get_verify_result(both.client.get()), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(TlsContextTest, ResumesByOneTicketWithoutEarlyData) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        sessions.clear();
        Pair first = pair();
        SSL_set_max_proto_version(first.client.get(), version);
        ASSERT_TRUE(first.handshake());
        first.exchange_bytes();
        ASSERT_EQ(sessions.size(), 1u) << version;
        EXPECT_EQ(SSL_SESSION_get_max_early_data(sessions[0].get()), 0u);
        Pair second = pair();
        SSL_set_max_proto_version(second.client.get(), version);
        SSL_set_session(second.client.get(), sessions[0].get());
        ASSERT_TRUE(second.handshake());
        EXPECT_EQ(SSL_session_reused(second.server.get()), 1) << version;
    }
}

TEST_F(TlsContextTest, ResumesOnlyWithinOneSessionIdContext) {
    Pair first = pair();
    ASSERT_TRUE(first.handshake());
    first.exchange_bytes();
    ASSERT_EQ(sessions.size(), 1u);
    Pair second = pair();
    SSL_set_session(second.client.get(), sessions[0].get());
    SSL_set_session_id_context(second.server.get(), reinterpret_cast<const unsigned char*>("other"), 5);
    (void)second.handshake();
    EXPECT_EQ(SSL_session_reused(second.server.get()), 0);
}

TEST_F(TlsContextTest, KeepsNoSessionsOfItsOwn) {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(pair().handshake());
    EXPECT_EQ(SSL_CTX_sess_number(server_context.get()), 0);
    EXPECT_EQ(SSL_CTX_sess_number(client_context.get()), 0);
}

TEST_F(TlsContextTest, RefusesRenegotiation) {
    Pair both = pair();
    SSL_set_max_proto_version(both.client.get(), TLS1_2_VERSION);
    ASSERT_TRUE(both.handshake());
    EXPECT_EQ(SSL_renegotiate(both.client.get()), 0);
    ERR_clear_error();
}

// A cut connection must not look like the end of a close-delimited body.
TEST_F(TlsContextTest, TellsATruncatedStreamFromAFinishedOne) {
    for (const bool says_goodbye : {false, true}) {
        Pair both = pair();
        ASSERT_TRUE(both.handshake());
        both.exchange_bytes();
        if (says_goodbye) SSL_shutdown(both.server.get());
        BIO_shutdown_wr(SSL_get_wbio(both.server.get()));
        char byte = 0;
        const int result = SSL_read(both.client.get(), &byte, 1);
        EXPECT_EQ(SSL_get_error(both.client.get(), result), says_goodbye ? SSL_ERROR_ZERO_RETURN : SSL_ERROR_SSL);
        ERR_clear_error();
    }
}

TEST_F(TlsContextTest, NamesTheFileThatHasNoCertificate) {
    const std::string empty = folder / "empty.pem";
    std::ofstream(empty) << "nothing here\n";
    const std::string broken = folder / "broken.pem";
    std::ofstream(broken) << "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for (const std::string& file : {empty, broken, std::string("/nonexistent/ca.pem"), folder.string()}) {
        const auto context = make_client_context({ca_file, file});
        ASSERT_FALSE(context.has_value()) << file;
        EXPECT_EQ(context.error().code, ErrorCode::config_invalid);
        EXPECT_THAT(context.error().detail, HasSubstr(file));
        EXPECT_EQ(ERR_peek_error(), 0u);
    }
}

TEST_F(TlsContextTest, BundlesTheSystemsRootsWithItsOwn) {
    EXPECT_THAT(trust_bundle("own\n"), EndsWith("\nown\n"));
    const std::string chosen = folder / "chosen.pem";
    std::ofstream(chosen) << "chosen, without a line's end";
    ASSERT_EQ(setenv("SSL_CERT_FILE", chosen.c_str(), 1), 0);
    EXPECT_EQ(trust_bundle("own\n"), "chosen, without a line's end\nown\n");
    ASSERT_EQ(setenv("SSL_CERT_FILE", "/nonexistent", 1), 0);
    EXPECT_EQ(trust_bundle("own\n"), "own\n");
    unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace sallyport::certs
