// One entry of the `secrets` section of a file.
#pragma once

#include <optional>
#include <string>

#include "rules/document.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

// Reports what is wrong with the entry, and yields nothing then.
std::optional<secrets::SecretSource> read_secret(const std::string& name, const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
