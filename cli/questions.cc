#include "cli/questions.h"

#include <cstdlib>

#include "cli/config.h"

namespace sallyport::cli {
namespace {

constexpr const char* kAssumedVariable = "SALLYPORT_ASSUMED_SECRET";

}  // namespace

Result<std::unique_ptr<LoadedFile>> LoadedFile::load(const std::string& path) {
    std::unique_ptr<LoadedFile> loaded(new LoadedFile);
    auto file = load_config(path, rules::Severity::error);
    if (!file) return failure(file.error());
    if (has_script(**file)) {
        auto launcher = sandbox::Launcher::start();
        if (!launcher) return failure(launcher.error().code, "to see what a script exports it is run: " + launcher.error().detail);
        loaded->launcher_.emplace(std::move(*launcher));
    }
    loaded->scripts_.emplace(loaded->launcher_ ? &*loaded->launcher_ : nullptr);
    auto deployment = Deployment::create(std::move(*file), [raw = loaded.get(), path](const std::string& script) {
        return raw->scripts_->load(path_from(path, script));
    });
    if (!deployment) return failure(deployment.error());
    loaded->deployment_.emplace(std::move(*deployment));
    return loaded;
}

void LoadedFile::assume_secrets() {
    assume_secrets_ = true;
    setenv(kAssumedVariable, "assumed", 1);
}

Result<std::shared_ptr<const rules::PolicySnapshot>> LoadedFile::snapshot(const std::string& sandbox,
                                                                         const std::string& policy) {
    rules::PolicyFile file = deployment_->file();
    if (!sandbox.empty() && !file.sandboxes.contains(sandbox)) {
        return failure(ErrorCode::config_invalid, "the file has no sandbox named \"" + sandbox + "\"");
    }
    auto chosen = choose_policy(file, sandbox.empty() ? "sandbox" : sandbox, policy);
    if (!chosen) return failure(chosen.error());
    if (assume_secrets_) {
        for (secrets::SecretSource& source : file.secrets) {
            source.kind = secrets::SourceKind::env;
            source.location = kAssumedVariable;
            source.provider = nullptr;
        }
    }
    const auto values = secrets::SecretSnapshot::load(file.secrets, chosen->identity);
    return rules::make_snapshot(file, *chosen, values, Generation{1});
}

}  // namespace sallyport::cli
