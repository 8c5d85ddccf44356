// Secrets that need each other to be fetched: none of them could ever be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "secrets/secrets.h"

namespace sallyport::rules {

// "a", "b", "a" where a needs b and b needs a; empty where `name` does not need itself.
std::vector<std::string> cycle_through(std::string_view name, const std::vector<secrets::SecretSource>& sources);

}  // namespace sallyport::rules
