// `vault: { path: kv/data/agents/db, field: password }` of a secret. Where the server is and how to log in stand beside them, or
// come from the daemon's environment.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_vault(SecretReading& reading);

}  // namespace sallyport::rules
