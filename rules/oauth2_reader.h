// `oauth2: { token_url: https://idp.example/token, client_id: …, client_secret: "${secrets.s}" }` of a secret; a credential's type as
// well.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_oauth2(SecretReading& reading);

}  // namespace sallyport::rules
