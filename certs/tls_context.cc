#include "certs/tls_context.h"

#include <openssl/err.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace sallyport::certs {
namespace {

// AES-128 first: with the hardware's AES it is the cheapest, and no weaker where it matters.
constexpr char kTls12Ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kTls13Ciphers[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kGroups[] = "X25519:P-256:P-384:P-521";
// One whole record with its header, and the start of the next: one recv() for each record.
constexpr std::size_t kReadBufferBytes = 18 * 1024;
constexpr int kSecurityLevel = 2;
// Where Debian keeps its roots in one file. OpenSSL's own default names a file that Debian does not make.
constexpr char kSystemBundle[] = "/etc/ssl/certs/ca-certificates.crt";

SslContextPtr make_context(const SSL_METHOD* method) {
    SslContextPtr made(SSL_CTX_new(method));
    SALLYPORT_CHECK(made != nullptr);
    SSL_CTX* context = made.get();
    SSL_CTX_set_security_level(context, kSecurityLevel);
    SALLYPORT_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    SALLYPORT_CHECK(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
    SALLYPORT_CHECK(SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1);
    SALLYPORT_CHECK(SSL_CTX_set_ciphersuites(context, kTls13Ciphers) == 1);
    SALLYPORT_CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadBufferBytes);
    SALLYPORT_CHECK(SSL_CTX_set_max_early_data(context, 0) == 1);
    return made;
}

std::string last_tls_failure() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason != nullptr ? reason : "no certificate in it";
}

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Result<SslContextPtr> make_server_context() {
    SslContextPtr made = make_context(TLS_server_method());
    // A client that leaves without close_notify harms nobody but itself: its requests have lengths.
    SSL_CTX_set_options(made.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    SALLYPORT_CHECK(SSL_CTX_set_num_tickets(made.get(), 1) == 1);
    SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
    return made;
}

Result<SslContextPtr> make_client_context(const std::vector<std::string>& extra_ca_files) {
    SslContextPtr made = make_context(TLS_client_method());
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ERR_clear_error();
    if (SSL_CTX_set_default_verify_paths(made.get()) != 1) {
        return failure(ErrorCode::config_invalid, "the system's certificate store: " + last_tls_failure());
    }
    for (const std::string& file : extra_ca_files) {
        if (SSL_CTX_load_verify_file(made.get(), file.c_str()) != 1) {
            return failure(ErrorCode::config_invalid, file + ": " + last_tls_failure());
        }
    }
    ERR_clear_error();
    return made;
}

std::string trust_bundle(const std::string& own_ca_pem) {
    const char* chosen = std::getenv("SSL_CERT_FILE");
    std::string bundle = read_file(chosen != nullptr ? chosen : kSystemBundle);
    if (!bundle.empty() && bundle.back() != '\n') bundle += '\n';
    return bundle + own_ca_pem;
}

}  // namespace sallyport::certs
