// Files for whoever puts something into a sandbox: certificates, variables.
#pragma once

#include <string>

#include "base/result.h"

namespace sallyport::cli {

// Replaces the file as a whole (a rename), mode 0644; makes its directory.
Result<void> write_public_file(const std::string& path, const std::string& text);
// The same for nobody but the owner: mode 0600.
Result<void> write_private_file(const std::string& path, const std::string& text);

}  // namespace sallyport::cli
