// `gcp: { project: p, secret: s, token: "${secrets.t}" }` (Secret Manager) and `gcp_service_account: { key: "${secrets.k}", scopes: …
// }` (its tokens) of a secret; the second is a credential's type as well.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_gcp(SecretReading& reading);
std::shared_ptr<const secrets::SecretProvider> read_gcp_service_account(SecretReading& reading);

}  // namespace sallyport::rules
