// The kind `hmac`: requests are signed with a shared secret, in whatever form an API has thought of.
//   { type: hmac, algorithm: sha256, key: "${secrets.k}", string: "${method}\n${path}\n${timestamp}\n${body_sha256}",
//     headers: { X-Timestamp: "${timestamp}", X-Signature: "v1=${signature}" } }
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

std::shared_ptr<const CredentialKind> read_hmac_credential(CredentialReading& reading);

}  // namespace sallyport::rules
