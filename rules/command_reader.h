// `command: [pass, show, stripe/test]` of a secret.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

// The arguments are the same for every sandbox: what runs is fixed when the daemon starts.
std::shared_ptr<const secrets::SecretProvider> read_command(SecretReading& reading);

}  // namespace sallyport::rules
