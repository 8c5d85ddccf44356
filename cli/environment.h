// The environment of a sandboxed command: what a shell needs, where to find the certificate authority, and what the user
// asked for; never a variable that a secret comes from.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::cli {

// Where the trust bundle is inside.
inline constexpr const char* kBundlePathInside = "/run/sallyport/ca-bundle.pem";
inline constexpr const char* kCaPathInside = "/run/sallyport/ca.pem";
inline constexpr const char* kAptConfigInside = "/run/sallyport/apt.conf";

// "NAME=value" for every variable by which a client finds its CAs.
std::vector<std::string> trust_variables(const std::string& bundle_path, const std::string& ca_path);

// As a file has them: a line each.
std::string as_lines(const std::vector<std::string>& variables);

// `asked` holds NAME or NAME=VALUE. config_invalid for a variable that holds a secret, or one that is not set.
// `placeholders` holds NAME=placeholder; what is asked for comes before those.
Result<std::vector<std::string>> command_environment(const std::vector<std::string>& asked,
                                                     const std::vector<std::string>& secret_variables,
                                                     const std::vector<std::string>& placeholders = {});

}  // namespace sallyport::cli
