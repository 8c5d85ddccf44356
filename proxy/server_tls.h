// What TLS towards sandboxes does beside the handshake itself: refusing by an alert before a certificate is chosen, and
// agreeing on the protocol (ALPN: http/1.1, or no agreement).
#pragma once

#include <openssl/ssl.h>

namespace sallyport::proxy {

// Once for each server context.
void prepare_server_context(SSL_CTX* context);

// The coming handshake ends with this alert (SSL_AD_...), whatever the client says.
void refuse_with_alert(SSL* ssl, int alert);

}  // namespace sallyport::proxy
