// Reads a policy file from disk and says on standard error what is wrong with it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rules/policy_file.h"
#include "rules/snapshot.h"

namespace sallyport::cli {

inline constexpr std::size_t kConfigBytesMax = 4 * 1024 * 1024;

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

// config_invalid where it does not load; diagnostics of `least` severity and up have been printed. An empty path is the
// embedded policy, which allows nothing. Relative paths in the file are relative to its folder.
Result<std::shared_ptr<const rules::PolicyFile>> load_config(const std::string& path, rules::Severity least);

// Whether any policy has a script: to see what that exports it is run.
bool has_script(const rules::PolicyFile& file);
// Where a path in the file leads that load_config() leaves as it is: a policy's script.
std::string path_from(const std::string& config_file, const std::string& path);

// Which policy, with which params, a sandbox is under: its own entry in the file; or the policy asked for; or the only
// one there is; or the one named "default".
Result<rules::SandboxPolicy> choose_policy(const rules::PolicyFile& file, const std::string& sandbox_name,
                                           const std::string& asked_policy);

}  // namespace sallyport::cli
