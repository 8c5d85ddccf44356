// One entry of the `credentials` section of a file.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "rules/credential.h"
#include "rules/document.h"

namespace sallyport::rules {

// Reports what is wrong with one entry, and yields nothing then. `secret_names`: those that the file defines.
std::optional<CredentialSpec> read_credential(const std::string& name, const Node& node,
                                              const std::set<std::string, std::less<>>& secret_names,
                                              Reporter& reporter);

// "secret \"githb\" is not defined, did you mean \"github\"?"
std::string not_defined(std::string_view what, std::string_view name, const std::set<std::string, std::less<>>& names,
                        const Reporter& reporter);

}  // namespace sallyport::rules
