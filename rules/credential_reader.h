// One entry of the `credentials` section of a file. A new kind is one line in the table of credential_reader.cc.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/credential.h"
#include "rules/credential_reading.h"

namespace sallyport::rules {

// Reports what is wrong with one entry, and yields nothing then. `secret_names`: those that the file defines; sources that
// the credential brings are added to `derived_sources`.
std::optional<CredentialSpec> read_credential(const std::string& name, const Node& node,
                                              const SecretNames& secret_names, Reporter& reporter,
                                              std::vector<secrets::SecretSource>& derived_sources);

}  // namespace sallyport::rules
