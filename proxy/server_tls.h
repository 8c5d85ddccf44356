// What TLS towards sandboxes does beside the handshake itself: refusing by an alert before a certificate is chosen, and
// agreeing on the protocol (ALPN).
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "proxy/spoken.h"

namespace sallyport::proxy {

// Once for each server context.
void prepare_server_context(SSL_CTX* context);

// What to answer a ClientHello with, or a part of one, that goes no further: a fatal alert (SSL_AD_...) in a record of its own
// (RFC 8446 sections 5.1 and 6.2).
std::string fatal_alert(int alert);

// Before the handshake: what is agreed on where the client offers it; http1 where nothing is set. http2 falls back to
// HTTP/1.1, http1 does not to HTTP/2; a client that offers neither is told so by an alert (RFC 7301 section 3.2).
void set_spoken(SSL* ssl, Spoken spoken);

// After it: what was agreed on. A client that offers nothing speaks HTTP/1.1.
Spoken agreed_on(const SSL* ssl);

}  // namespace sallyport::proxy
