// `github_app: { app_id: 31337, installation_id: 4242, private_key: "${secrets.k}", repositories: [widget] }` of a secret; a
// credential's type as well.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_github_app(SecretReading& reading);

}  // namespace sallyport::rules
