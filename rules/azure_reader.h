// `azure_client: { tenant: …, client_id: …, client_secret: "${secrets.s}", scopes: https://vault.azure.net/.default }` of a secret; a
// credential's type as well.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_azure_client(SecretReading& reading);

}  // namespace sallyport::rules
