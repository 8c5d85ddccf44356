// `encrypted: { store: FILE, name: NAME, key_file: FILE }` of a secret; or `passphrase_file: FILE`, or
// `passphrase: "${secrets.NAME}"` in the key file's stead.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_encrypted(SecretReading& reading);

}  // namespace sallyport::rules
