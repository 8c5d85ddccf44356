// `onepassword: { address: https://connect.internal, token: "${secrets.t}", vault: Agents, item: db, field: password }` of a secret.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_onepassword(SecretReading& reading);

}  // namespace sallyport::rules
