#include <cstdio>

#include "cli/commands.h"
#include "cli/config.h"
#include "cli/script_loader.h"
#include "rules/compiled_policy.h"

namespace sallyport::cli {
namespace {

// Says what is wrong; whether anything is that keeps the file from being loaded.
bool has_script_errors(const std::string& config_file, const rules::CompiledPolicy& policy, ScriptLoader& scripts) {
    const auto script = scripts.load(path_from(config_file, policy.script_file));
    if (!script) {
        std::fprintf(stderr, "%s: error: the script of policy \"%s\": %s: %s\n", config_file.c_str(), policy.name.c_str(),
                     policy.script_file.c_str(), script.error().detail.c_str());
        return true;
    }
    bool any = false;
    for (const rules::Diagnostic& diagnostic : rules::check_script(policy, **script)) {
        std::fprintf(stderr, "%s\n", rules::to_string(diagnostic).c_str());
        any |= diagnostic.severity == rules::Severity::error;
    }
    return any;
}

// A script is run to see what it exports: in a jail, which takes root.
bool are_scripts_good(const std::string& config_file, const rules::PolicyFile& file) {
    if (!has_script(file)) return true;
    auto launcher = sandbox::Launcher::start();
    if (!launcher) {
        std::fprintf(stderr, "%s: warning: its scripts are not checked: %s\n", config_file.c_str(), launcher.error().detail.c_str());
        return true;
    }
    ScriptLoader scripts(&*launcher);
    bool are_good = true;
    for (const auto& [name, policy] : file.policies) {
        if (policy->script_file.empty()) continue;
        are_good &= !has_script_errors(config_file, *policy, scripts);
    }
    return are_good;
}

}  // namespace

int check(const CheckOptions& options) {
    const auto file = load_config(options.config_file, rules::Severity::warning);
    if (!file) {
        std::fprintf(stderr, "%s\n", file.error().detail.c_str());
        return 1;
    }
    if (!are_scripts_good(options.config_file, **file)) {
        std::fprintf(stderr, "%s is not loaded\n", options.config_file.c_str());
        return 1;
    }
    std::printf("%s: ok: %zu policies, %zu sandboxes, %zu secrets\n", options.config_file.c_str(),
                (*file)->policies.size(), (*file)->sandboxes.size(), (*file)->secrets.size());
    return 0;
}

}  // namespace sallyport::cli
