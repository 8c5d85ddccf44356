// The TLS of the admin API's TCP side: 1.2 and 1.3, no resumption, no renegotiation, HTTP/1.1 by ALPN where the client asks.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::admin {

struct SslContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextFree>;

// PEM texts: a certificate with its chain, its key, and (or empty) the CAs of client certificates, which are then
// required. config_invalid for what is none of these.
Result<SslContextPtr> make_tls_context(std::string_view certificate_pem, std::string_view key_pem,
                                       std::string_view client_ca_pem);

}  // namespace sallyport::admin
