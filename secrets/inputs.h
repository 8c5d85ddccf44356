// What a source needs to be fetched: other secrets (a store's token), and of the sandbox its parameters, labels and id.
#pragma once

#include <string>
#include <vector>

#include "secrets/secrets.h"

namespace sallyport::secrets {

// The secrets that a source refers to, each once. Only a provider's may.
std::vector<std::string> inputs_of(const SecretSource& source);

// What of the sandbox a source's value depends on, itself and by its inputs, as text: two sandboxes for which it is the same
// find the same value there. Empty where it depends on nothing of it.
std::string own_part(const SecretSource& source, const std::vector<SecretSource>& sources, const Identity& identity);

}  // namespace sallyport::secrets
