#include "cli/handler_sockets.h"

#include <unistd.h>

#include <set>

#include "rules/compiled_policy.h"

namespace sallyport::cli {

Result<void> allow_handler_sockets(const Gate& gate, sandbox::Launcher& launcher, std::string directory) {
    std::set<std::string> paths;
    for (const auto& [name, policy] : gate.deployment().disk_file()->policies) {
        if (!policy->handler_socket.empty()) paths.insert(policy->handler_socket);
    }
    if (paths.empty()) return {};
    if (directory.empty()) directory = "/run/sallyport/handlers-" + std::to_string(getpid());
    return launcher.allow_handler_sockets({paths.begin(), paths.end()}, directory);
}

Result<void> allow_secret_commands(const Gate& gate, sandbox::Launcher& launcher) {
    const auto commands = gate.secret_commands();
    return commands.empty() ? Result<void>() : launcher.allow_secret_commands(commands);
}

}  // namespace sallyport::cli
