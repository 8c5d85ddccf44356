#include "admin/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/check.h"

namespace sallyport::admin {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr char kTls12Ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr int kSecurityLevel = 2;

BioPtr reader(std::string_view text) {
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    SALLYPORT_CHECK(bio != nullptr);
    return bio;
}

// A key that asks for a passphrase is no key: nobody is there to answer.
int no_passphrase(char*, int, int, void*) noexcept { return -1; }

CertificatePtr next_certificate(BIO* bio) {
    return {PEM_read_bio_X509(bio, nullptr, &no_passphrase, nullptr), &X509_free};
}

tl::unexpected<Error> bad(std::string_view what) {
    ERR_clear_error();
    return failure(ErrorCode::config_invalid, "admin: " + std::string(what));
}

Result<void> use_certificate(SSL_CTX* context, std::string_view pem) {
    const BioPtr bio = reader(pem);
    const CertificatePtr leaf = next_certificate(bio.get());
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return bad("the certificate cannot be used");
    while (const CertificatePtr issuer = next_certificate(bio.get())) {
        if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return bad("the certificate's chain cannot be used");
    }
    return {};
}

Result<void> use_key(SSL_CTX* context, std::string_view pem) {
    const KeyPtr key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free);
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
        return bad("the key is none, needs a passphrase, or is not the certificate's");
    }
    return {};
}

Result<void> require_clients_of(SSL_CTX* context, std::string_view pem) {
    const BioPtr bio = reader(pem);
    int count = 0;
    while (const CertificatePtr ca = next_certificate(bio.get())) {
        const bool added = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) == 1 &&
                           SSL_CTX_add_client_CA(context, ca.get()) == 1;
        if (!added) return bad("the CA of client certificates cannot be used");
        ++count;
    }
    if (count == 0) return bad("there is no CA of client certificates in client_ca");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return {};
}

int select_http1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                 void*) noexcept {
    static constexpr unsigned char kHttp1[] = "\x08http/1.1";
    unsigned char* selected = nullptr;
    const int result = SSL_select_next_proto(&selected, out_size, kHttp1, sizeof kHttp1 - 1, in, in_size);
    *out = selected;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SslContextPtr make_context() {
    SslContextPtr made(SSL_CTX_new(TLS_server_method()));
    SALLYPORT_CHECK(made != nullptr);
    SSL_CTX* context = made.get();
    SSL_CTX_set_security_level(context, kSecurityLevel);
    SALLYPORT_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    SALLYPORT_CHECK(SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1);
    // Who calls is found out once for each connection, by a handshake that says it.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SALLYPORT_CHECK(SSL_CTX_set_num_tickets(context, 0) == 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SALLYPORT_CHECK(SSL_CTX_set_max_early_data(context, 0) == 1);
    SSL_CTX_set_alpn_select_cb(context, &select_http1, nullptr);
    return made;
}

}  // namespace

Result<SslContextPtr> make_tls_context(std::string_view certificate_pem, std::string_view key_pem,
                                       std::string_view client_ca_pem) {
    SslContextPtr made = make_context();
    if (auto used = use_certificate(made.get(), certificate_pem); !used) return tl::unexpected(used.error());
    if (auto used = use_key(made.get(), key_pem); !used) return tl::unexpected(used.error());
    if (!client_ca_pem.empty()) {
        if (auto set = require_clients_of(made.get(), client_ca_pem); !set) return tl::unexpected(set.error());
    }
    ERR_clear_error();
    return made;
}

}  // namespace sallyport::admin
