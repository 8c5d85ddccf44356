// The `client_certificate` kind: a certificate and its key with which the gate shows an origin who it comes for (mutual TLS).
// By itself, or under that key beside what another kind puts into requests. Here both are texts; certs/client_identity.h
// makes them what TLS uses. Neither ever goes out as a text, so that neither can come back.
#pragma once

#include <memory>

#include "base/secret_string.h"
#include "rules/credential_kind.h"
#include "rules/credential_reading.h"

namespace sallyport::rules {

struct ClientCertificate {
    SecretString chain;  // PEM: the leaf, then those that have signed it
    SecretString key;    // PEM, without a passphrase
};

// `certificate` and `key`, or `certificate_file` and `key_file`; see rules/credential_reading.h.
std::shared_ptr<const CredentialKind> read_client_certificate(CredentialReading& reading);
// The same from the entry `client_certificate` of a credential of another kind, which may be null: then it is only checked.
std::shared_ptr<const CredentialKind> add_client_certificate(std::shared_ptr<const CredentialKind> other, const Node& entry,
                                                             CredentialReading& reading);

}  // namespace sallyport::rules
