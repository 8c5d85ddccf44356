#include "base/log.h"
#include "certs/tls_context.h"
#include "cli/attend.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/gate.h"
#include "cli/handler_sockets.h"
#include "cli/public_file.h"
#include "sandbox/confine.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

int attach(const AttachOptions& options) {
    auto launcher = sandbox::Launcher::start();
    if (!launcher) return complain(launcher.error());
    block_service_signals();
    auto gate = Gate::create(options.gate, &*launcher);
    if (!gate) return complain(gate.error());
    if (const auto allowed = allow_handler_sockets(**gate, *launcher, ""); !allowed) return complain(allowed.error());
    const std::string name = options.name.empty() ? "attached" : options.name;
    auto sockets = launcher->open_namespace({name, options.netns_path, ""});
    if (!sockets) return complain(sockets.error());
    const auto ca_pem = (*gate)->add_sandbox(name, options.policy, std::move(*sockets));
    if (!ca_pem) return complain(ca_pem.error());
    if (!options.ca_out_file.empty()) {
        const auto written = write_public_file(options.ca_out_file, certs::trust_bundle(*ca_pem));
        if (!written) return complain(written.error());
    }
    if (!options.env_out_file.empty()) {
        const auto written = write_private_file(options.env_out_file, as_lines((*gate)->placeholder_variables(name)));
        if (!written) return complain(written.error());
    }
    if (const auto watched = (*gate)->watch_files(); !watched) return complain(watched.error());
    if (const auto named = allow_secret_commands(**gate, *launcher); !named) return complain(named.error());
    if (const auto sealed = launcher->seal(std::nullopt); !sealed) return complain(sealed.error());
    const auto confined = sandbox::confine_this_process({(*gate)->writable_directories()});
    if (!confined) return complain(confined.error());
    (*gate)->start();
    (*gate)->wait_for_secrets(kFirstSecretsWait);
    announce_ready(options.ready_fd, name);
    return attend(**gate, *launcher);
}

}  // namespace sallyport::cli
