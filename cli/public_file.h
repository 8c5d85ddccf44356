// Files that anyone may read: certificates and variables for a sandbox.
#pragma once

#include <string>

#include "base/result.h"

namespace sallyport::cli {

// Replaces the file as a whole (a rename), mode 0644; makes its directory.
Result<void> write_public_file(const std::string& path, const std::string& text);

}  // namespace sallyport::cli
