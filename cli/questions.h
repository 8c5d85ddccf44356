// What the subcommands share that ask about a policy file without a daemon: the file with its scripts, and one sandbox's
// snapshot under it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/deployment.h"
#include "cli/script_loader.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// A file, loaded as the daemon would load it; scripts are run in a handler host to see what they export, which takes root.
class LoadedFile final {
public:
    static Result<std::unique_ptr<LoadedFile>> load(const std::string& path);

    Deployment& deployment() { return *deployment_; }
    // The snapshot of a sandbox of the file; or, where `sandbox` is empty, of `policy` (or the only one) for a sandbox
    // without params.
    Result<std::shared_ptr<const rules::PolicySnapshot>> snapshot(const std::string& sandbox, const std::string& policy);
    // From now on every secret has some value.
    void assume_secrets();

private:
    LoadedFile() = default;
    std::optional<sandbox::Launcher> launcher_;
    std::optional<ScriptLoader> scripts_;
    std::optional<Deployment> deployment_;
    bool assume_secrets_ = false;
};

}  // namespace sallyport::cli
