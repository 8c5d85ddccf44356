#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "admin/state_store.h"
#include "base/log.h"
#include "certs/tls_context.h"
#include "cli/admin_setup.h"
#include "cli/attend.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/gate.h"
#include "cli/handler_sockets.h"
#include "cli/proxy_setup.h"
#include "cli/public_file.h"
#include "sandbox/confine.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {
namespace {

// What somebody needs who puts a process into the namespace: what it must trust, the variables that say so, and those that
// hold placeholders.
Result<void> write_sandbox_files(const std::string& directory, const std::string& ca_pem,
                                 const std::vector<std::string>& placeholders) {
    const std::string bundle_path = directory + "/ca-bundle.pem";
    const std::string ca_path = directory + "/ca.pem";
    if (auto written = write_public_file(bundle_path, certs::trust_bundle(ca_pem)); !written) return written;
    if (auto written = write_public_file(ca_path, ca_pem); !written) return written;
    // Of an earlier sandbox there may be some left, which are worth nothing.
    if (auto written = write_private_file(directory + "/placeholders.env", as_lines(placeholders)); !written) return written;
    return write_public_file(directory + "/env", as_lines(trust_variables(bundle_path, ca_path)));
}

Result<sandbox::NamespaceSockets> open_namespace(const std::string& name, const std::string& directory, bool has_namespace,
                                                 sandbox::Launcher& launcher) {
    if (has_namespace) return launcher.open_namespace({name, "", directory + "/netns"});
    return sandbox::NamespaceSockets{};  // it has the explicit proxy
}

Result<void> open_sandbox(const std::string& name, const std::string& directory, bool has_namespace, Gate& gate,
                          sandbox::Launcher& launcher) {
    auto sockets = open_namespace(name, directory, has_namespace, launcher);
    if (!sockets) return failure(sockets.error());
    const auto ca_pem = gate.add_sandbox(name, "", std::move(*sockets));
    if (!ca_pem) return failure(ca_pem.error());
    return write_sandbox_files(directory, *ca_pem, gate.placeholder_variables(name));
}

// One gate for a directory: two would take each other's sandboxes over.
Result<UniqueFd> lock_runtime_dir(const std::string& directory) {
    std::error_code ignored;
    std::filesystem::create_directories(directory, ignored);
    const std::string path = directory + "/lock";
    UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno));
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    return failure(ErrorCode::config_invalid, directory + " is in use by another gate");
}

// The state's file, in a directory of its own that nobody else reads.
Result<void> open_state(const std::string& directory, Gate& gate) {
    if (directory == "none") return {};
    std::error_code error;
    if (std::filesystem::create_directories(directory, error)) {
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    }
    auto store = admin::StateStore::open(directory + "/state.db");
    if (!store) return failure(store.error());
    return gate.use_store(std::move(*store));
}

sandbox::ConfineOptions confinement(const ServeOptions& options, const Gate& gate) {
    sandbox::ConfineOptions confine{gate.writable_directories()};
    if (options.state_dir != "none") confine.writable_directories.push_back(options.state_dir);
    return confine;
}

Result<void> open_sandboxes(const ServeOptions& options, Gate& gate, sandbox::Launcher& launcher) {
    for (const auto& [name, entry] : gate.deployment().disk_file()->sandboxes) {
        const auto opened = open_sandbox(name, options.runtime_dir + "/" + name, entry.has_namespace, gate, launcher);
        if (!opened) return failure(opened.error().code, "sandbox " + name + ": " + opened.error().detail);
    }
    return {};
}

}  // namespace

int serve(const ServeOptions& given) {
    ServeOptions options = given;
    std::error_code unchanged;  // where there is no working directory, what follows says so
    if (auto path = std::filesystem::absolute(given.runtime_dir, unchanged); !unchanged) options.runtime_dir = path.string();
    auto launcher = sandbox::Launcher::start();
    if (!launcher) return complain(launcher.error());
    block_service_signals();
    auto gate = Gate::create(options.gate, &*launcher);
    if (!gate) return complain(gate.error());
    const auto lock = lock_runtime_dir(options.runtime_dir);
    if (!lock) return complain(lock.error());
    const auto allowed = allow_handler_sockets(**gate, *launcher, options.runtime_dir + "/handlers.d");
    if (!allowed) return complain(allowed.error());
    if (const auto opened = open_state(options.state_dir, **gate); !opened) return complain(opened.error());
    if (const auto opened = open_sandboxes(options, **gate, *launcher); !opened) return complain(opened.error());
    auto proxy = open_proxy_listeners((*gate)->deployment().disk_file()->proxy);
    if (!proxy) return complain(proxy.error());
    (*gate)->serve_proxy(std::move(*proxy));
    auto admin = AdminPlane::create(**gate, options.runtime_dir);
    if (!admin) return complain(admin.error());
    if (const auto watched = (*gate)->watch_files(); !watched) return complain(watched.error());
    if (const auto named = allow_secret_commands(**gate, *launcher); !named) return complain(named.error());
    if (const auto sealed = launcher->seal(std::nullopt); !sealed) return complain(sealed.error());
    const auto confined = sandbox::confine_this_process(confinement(options, **gate));
    if (!confined) return complain(confined.error());
    (*gate)->start();
    (*gate)->wait_for_secrets(kFirstSecretsWait);
    announce_ready(options.ready_fd,
                   std::to_string((*gate)->deployment().sandbox_names().size()) + " sandboxes in " + options.runtime_dir);
    return attend(**gate, *launcher);
}

}  // namespace sallyport::cli
