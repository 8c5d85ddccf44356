#include "certs/client_identity.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "certs/tls_context.h"
#include "tests/admin/certificates.h"

namespace sallyport::certs {
namespace {

using admin::issue;
using admin::Issued;

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

std::string name_of(X509* certificate) {
    char name[100] = {};
    if (certificate == nullptr) return "nobody";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
}

// An origin that verifies clients, and our side of TLS, joined in memory.
class ClientIdentityTest : public testing::Test {
protected:
    struct Seen {
        bool connected = false;
        std::string client = "nobody";
        bool still_has_key = false;
    };

    ClientIdentityTest() {
        SSL_CTX_use_certificate(server.get(), leaf.certificate.get());
        SSL_CTX_use_PrivateKey(server.get(), leaf.key.get());
        SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(server.get()), clients_ca.certificate.get());
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client.get()), origins_ca.certificate.get());
    }

    Seen connect(const ClientIdentity* identity, const std::string& name = "origin.example") {
        const SslPtr ours(SSL_new(client.get())), theirs(SSL_new(server.get()));
        BIO *one = nullptr, *other = nullptr;
        BIO_new_bio_pair(&one, 64 * 1024, &other, 64 * 1024);
        SSL_set_bio(ours.get(), one, one);
        SSL_set_bio(theirs.get(), other, other);
        SSL_set_connect_state(ours.get());
        SSL_set_accept_state(theirs.get());
        SSL_set1_host(ours.get(), name.c_str());
        if (identity != nullptr) {
            EXPECT_TRUE(identity->offer(ours.get()));
        }
        for (int i = 0; i < 10; ++i) {
            SSL_do_handshake(ours.get());
            SSL_do_handshake(theirs.get());
        }
        ERR_clear_error();
        const std::unique_ptr<X509, X509Free> seen(SSL_get1_peer_certificate(theirs.get()));
        forget_client_identity(ours.get());
        return {SSL_is_init_finished(ours.get()) != 0 && SSL_is_init_finished(theirs.get()) != 0, name_of(seen.get()),
                SSL_get_privatekey(ours.get()) != nullptr || SSL_get_certificate(ours.get()) != nullptr};
    }

    Issued origins_ca = issue("Origins", "", nullptr, true);
    Issued clients_ca = issue("Clients", "", nullptr, true);
    Issued intermediate = issue("Intermediate", "", &clients_ca, true);
    Issued leaf = issue("origin", "DNS:origin.example", &origins_ca);
    Issued own = issue("agent", "", &intermediate);
    SslContextPtr server = std::move(*make_server_context());
    SslContextPtr client = std::move(*make_client_context({}));
};

TEST_F(ClientIdentityTest, AnOriginThatAsksIsShownTheCertificateAndItsChain) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server.get(), version);
        const auto identity = ClientIdentity::parse(own.certificate_pem() + intermediate.certificate_pem(), own.key_pem());
        ASSERT_TRUE(identity) << identity.error().detail;
        const Seen seen = connect(&*identity);
        EXPECT_TRUE(seen.connected);
        EXPECT_EQ(seen.client, "agent");
        EXPECT_FALSE(seen.still_has_key);
    }
}

TEST_F(ClientIdentityTest, WithoutTheChainOrWithoutAnyTheOriginRefuses) {
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    const auto identity = ClientIdentity::parse(own.certificate_pem(), own.key_pem());
    ASSERT_TRUE(identity);
    EXPECT_FALSE(connect(&*identity).connected);
    EXPECT_FALSE(connect(nullptr).connected);
}

TEST_F(ClientIdentityTest, AnOriginThatDoesNotAskIsShownNothing) {
    SSL_CTX_set_verify(server.get(), SSL_VERIFY_NONE, nullptr);
    const auto identity = ClientIdentity::parse(own.certificate_pem() + intermediate.certificate_pem(), own.key_pem());
    const Seen seen = connect(&*identity);
    EXPECT_TRUE(seen.connected);
    EXPECT_EQ(seen.client, "nobody");
}

TEST_F(ClientIdentityTest, D15_AnOriginThatIsNotVerifiedIsShownNothing) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server.get(), version);
        const auto identity =
            ClientIdentity::parse(own.certificate_pem() + intermediate.certificate_pem(), own.key_pem());
        const Seen seen = connect(&*identity, "other.example");
        EXPECT_FALSE(seen.connected);
        EXPECT_EQ(seen.client, "nobody");
    }
}

TEST_F(ClientIdentityTest, WhatIsNoIdentityIsRefusedWithoutSayingWhatItWas) {
    const std::string chain = own.certificate_pem(), key = own.key_pem();
    const std::string other_key = intermediate.key_pem();
    std::string many;
    for (int i = 0; i < 20; ++i) many += chain;
    struct Case {
        std::string chain, key, why;
    };
    const Case cases[] = {
        {"", key, "there is none in PEM form"},
        {"marker", key, "there is none in PEM form"},
        {key, key, "there is none in PEM form"},
        {many, key, "its chain is over 16 long"},
        {chain, "", "its key is not one in PEM form without a passphrase"},
        {chain, "marker", "its key is not one in PEM form without a passphrase"},
        {chain, chain, "its key is not one in PEM form without a passphrase"},
        {chain, other_key, "the key is another one's"},
    };
    for (const Case& each : cases) {
        const auto identity = ClientIdentity::parse(each.chain, each.key);
        ASSERT_FALSE(identity);
        EXPECT_EQ(identity.error().code, ErrorCode::secret_unavailable);
        EXPECT_EQ(identity.error().detail, "the client certificate: " + each.why);
    }
    EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(ClientIdentityTest, AKeyWithAPassphraseIsRefusedAndNobodyIsAsked) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), own.key.get(), EVP_aes_128_cbc(), "pass", 4, nullptr, nullptr), 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    const auto identity = ClientIdentity::parse(own.certificate_pem(), {data, static_cast<std::size_t>(size)});
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().detail, "the client certificate: its key is not one in PEM form without a passphrase");
}

TEST_F(ClientIdentityTest, AKeyThatIsTooShortIsNotUsed) {
    Issued weak;
    weak.certificate.reset(X509_dup(own.certificate.get()));
    weak.key.reset(EVP_RSA_gen(1024));
    X509_set_pubkey(weak.certificate.get(), weak.key.get());
    X509_sign(weak.certificate.get(), intermediate.key.get(), EVP_sha256());
    const auto identity = ClientIdentity::parse(weak.certificate_pem(), weak.key_pem());
    ASSERT_TRUE(identity);
    const SslPtr ssl(SSL_new(client.get()));
    const auto offered = identity->offer(ssl.get());
    ASSERT_FALSE(offered);
    EXPECT_EQ(offered.error().detail, "the client certificate: too weak");
}

}  // namespace
}  // namespace sallyport::certs
