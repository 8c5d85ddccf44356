// The two SSL_CTXs of a worker: towards sandboxes and towards origins. Built once, shared by every connection.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::certs {

struct SslContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextFree>;

// TLS 1.2 and 1.3, no 0-RTT, no compression, no renegotiation, one ticket per handshake, read-ahead with an 18 KiB
// buffer, AES-128-GCM preferred. The certificate is chosen per connection (SSL_use_certificate in the proxy's certificate
// callback); resumption is only within one session id context, which the proxy sets per sandbox and name.
Result<SslContextPtr> make_server_context();

// Verifies chain and name against the system's store (OpenSSL's default paths; SSL_CERT_FILE and SSL_CERT_DIR are
// honoured) plus the PEM files given; fails where a file has no certificate. The name is set per connection. Sessions
// are handed to the proxy, which keeps them by (sandbox, name, credential); the context caches none.
Result<SslContextPtr> make_client_context(const std::vector<std::string>& extra_ca_files);

// The system's CA bundle as PEM text plus `own_ca_pem`: what a sandbox is given as its trust store.
std::string trust_bundle(const std::string& own_ca_pem);

}  // namespace sallyport::certs
