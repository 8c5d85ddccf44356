#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/log.h"
#include "certs/tls_context.h"
#include "cli/attend.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/handler_sockets.h"
#include "cli/gate.h"
#include "cli/signals.h"
#include "sandbox/confine.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {
namespace {

constexpr const char* kDefaultLogDirectory = "/var/log/sallyport";
constexpr const char* kDefaultStateDirectory = "/var/lib/sallyport";

std::string made_up_name() {
    unsigned char bytes[4] = {};
    (void)!getrandom(bytes, sizeof bytes, 0);
    char name[16];
    std::snprintf(name, sizeof name, "run-%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    return name;
}

Result<sandbox::Bind> parse_bind(const std::string& text) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
    sandbox::Bind bind;
    std::error_code error;
    bind.source = std::filesystem::canonical(text.substr(0, first), error);
    if (error) return failure(ErrorCode::config_invalid, "--bind " + text + ": " + error.message());
    bind.target = first == std::string::npos ? bind.source : text.substr(first + 1, second - first - 1);
    if (bind.target.empty()) bind.target = bind.source;
    const std::string mode = second == std::string::npos ? "ro" : text.substr(second + 1);
    if (mode != "ro" && mode != "rw") return failure(ErrorCode::config_invalid, "--bind " + text + ": \"rw\" or \"ro\"");
    bind.writable = mode == "rw";
    if (!bind.target.starts_with('/')) return failure(ErrorCode::config_invalid, "--bind " + text + ": DST is not absolute");
    return bind;
}

Result<sandbox::CommandSpec> describe_command(const RunOptions& options, const std::string& name, const Gate& gate,
                                              const std::string& ca_pem) {
    sandbox::CommandSpec spec;
    spec.name = name;
    spec.argv = options.argv;
    auto environment =
        command_environment(options.environment, gate.secret_variables(), gate.placeholder_variables(name));
    if (!environment) return failure(environment.error());
    spec.environment = std::move(*environment);
    spec.working_directory = std::filesystem::current_path();
    for (const std::string& text : options.binds) {
        auto bind = parse_bind(text);
        if (!bind) return failure(bind.error());
        spec.binds.push_back(std::move(*bind));
    }
    spec.masked_paths = gate.secret_paths(name);
    for (std::string& path : gate.hidden_paths()) spec.masked_paths.push_back(std::move(path));
    for (const char* directory : {kDefaultLogDirectory, kDefaultStateDirectory}) spec.masked_paths.emplace_back(directory);
    spec.read_only_paths = gate.operator_files();
    spec.trust_bundle_pem = certs::trust_bundle(ca_pem);
    spec.ca_pem = ca_pem;
    return spec;
}

// Waits for the command, passing on signals that were meant for it.
int wait_for_command(sandbox::Launcher& launcher, Gate& gate) {
    net::Loop& loop = gate.control();
    int exit_code = kExitGateFailed;
    const SignalWatch signals(loop, {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2}, [&](Signal signal) {
        // The terminal has told the command already.
        if (!signal.from_kernel || signal.number == SIGHUP) (void)launcher.signal_command(signal.number);
    });
    const LauncherWatch exits(gate, launcher, [&](std::optional<int> code) {
        exit_code = code.value_or(kExitGateFailed);
        loop.stop();
    });
    const SecretsTimer secrets(gate);
    loop.run();
    return exit_code;
}

}  // namespace

int run(const RunOptions& options) {
    // First of all: a process that has read no secret and runs one thread.
    auto launcher = sandbox::Launcher::start();
    if (!launcher) return complain(launcher.error());
    block_signals({SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2});

    auto gate = Gate::create(options.gate, &*launcher);
    if (!gate) return complain(gate.error());
    if (const auto allowed = allow_handler_sockets(**gate, *launcher, ""); !allowed) return complain(allowed.error());
    const std::string name = options.name.empty() ? made_up_name() : options.name;
    auto sockets = launcher->open_namespace({name, "", ""});
    if (!sockets) return complain(sockets.error());
    const auto ca_pem = (*gate)->add_sandbox(name, options.policy, std::move(*sockets));
    if (!ca_pem) return complain(ca_pem.error());
    const auto spec = describe_command(options, name, **gate, *ca_pem);
    if (!spec) return complain(spec.error());

    if (const auto watched = (*gate)->watch_files(); !watched) return complain(watched.error());
    if (const auto named = allow_secret_commands(**gate, *launcher); !named) return complain(named.error());
    if (const auto sealed = launcher->seal(*spec); !sealed) return complain(sealed.error());
    const auto confined = sandbox::confine_this_process({(*gate)->writable_directories()});
    if (!confined) return complain(confined.error());
    (*gate)->start();
    (*gate)->wait_for_secrets(kFirstSecretsWait);
    if (const auto started = launcher->start_command(); !started) return complain(started.error());
    const int exit_code = wait_for_command(*launcher, **gate);
    (*gate)->stop();
    return exit_code;
}

}  // namespace sallyport::cli
