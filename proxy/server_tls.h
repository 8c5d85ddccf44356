// What TLS towards sandboxes does beside the handshake itself: refusing by an alert before a certificate is chosen, and
// agreeing on the protocol (ALPN).
#pragma once

#include <openssl/ssl.h>

#include "proxy/spoken.h"

namespace sallyport::proxy {

// Once for each server context.
void prepare_server_context(SSL_CTX* context);

// The coming handshake ends with this alert (SSL_AD_...), whatever the client says.
void refuse_with_alert(SSL* ssl, int alert);

// Before the handshake: what is agreed on where the client offers it; http1 where nothing is set. http2 falls back to
// HTTP/1.1, http1 does not to HTTP/2; a client that offers neither is told so by an alert (RFC 7301 section 3.2).
void set_spoken(SSL* ssl, Spoken spoken);

// After it: what was agreed on. A client that offers nothing speaks HTTP/1.1.
Spoken agreed_on(const SSL* ssl);

}  // namespace sallyport::proxy
