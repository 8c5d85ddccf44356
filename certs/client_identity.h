// What shows an origin who the gate comes for: a client's certificate with its chain, and the key. Made from PEM for one
// handshake and forgotten after it, so that keys are in OpenSSL's memory no longer than that. On one worker.
#pragma once

#include <openssl/ssl.h>

#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/authority.h"

namespace sallyport::certs {

class ClientIdentity final {
public:
    // The leaf first, then those that have signed it; a key without a passphrase. secret_unavailable for what is not
    // that, and for a key that is not the leaf's; the detail holds nothing of either.
    static Result<ClientIdentity> parse(std::string_view chain_pem, std::string_view key_pem);

    // An origin that asks gets it, once it is verified itself; another one does not. secret_unavailable for what this side
    // of TLS refuses to use (a key that is too short).
    Result<void> offer(SSL* ssl) const;

private:
    X509Ptr leaf_;
    std::vector<X509Ptr> issuers_;
    KeyPtr key_;
};

// After the handshake, which is the last time that it is used: TLS 1.3's later requests and renegotiation are off.
void forget_client_identity(SSL* ssl);

}  // namespace sallyport::certs
