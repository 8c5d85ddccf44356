// One entry of the `secrets` section of a file. A new kind of store is one line in the table of secret_reader.cc, see
// secret_reading.h.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/document.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

// Reports what is wrong with the entry, and yields nothing then. `secret_names`: those that the file defines, which a store
// may need to be asked.
std::optional<secrets::SecretSource> read_secret(const std::string& name, const Node& node,
                                                 const std::set<std::string, std::less<>>& secret_names, Reporter& reporter);

}  // namespace sallyport::rules
