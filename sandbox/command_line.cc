#include "sandbox/command_line.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "sandbox/command_filter.h"
#include "sandbox/mount_plan.h"
#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

constexpr char kSystemBundle[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr char kResolvConf[] = "nameserver 198.18.0.1\noptions edns0\n";
// apt downloads as its own user; the command's root cannot become another.
constexpr char kAptConf[] = "APT::Sandbox::User \"root\";\n";
constexpr std::size_t kHostNameMax = 64;

void add(CommandLine& line, std::initializer_list<std::string> options) {
    line.options.insert(line.options.end(), options);
}

Result<void> add_file(CommandLine& line, std::string_view content, const std::string& path) {
    auto file = sealed_file("sallyport-file", content);
    if (!file) return failure(file.error());
    add(line, {"--perms", "0644", "--ro-bind-data", std::to_string(file->get()), path});
    line.fds.push_back(std::move(*file));
    return {};
}

// The host's tree is read-only, so a file can be replaced there but not added.
Result<void> replace_file(CommandLine& line, std::string_view content, const std::string& path) {
    const std::string target = canonical(path);
    std::error_code error;
    if (!std::filesystem::exists(target, error)) return {};
    return add_file(line, content, target);
}

std::string host_name(const CommandSpec& spec) { return spec.name.substr(0, kHostNameMax); }

std::string hosts_file(const CommandSpec& spec) {
    return "127.0.0.1 localhost " + host_name(spec) + "\n::1 localhost ip6-localhost ip6-loopback\n";
}

Result<void> add_own_files(CommandLine& line, const CommandSpec& spec) {
    auto done = replace_file(line, kResolvConf, "/etc/resolv.conf");
    if (done) done = replace_file(line, hosts_file(spec), "/etc/hosts");
    if (done) done = add_file(line, kAptConf, "/run/sallyport/apt.conf");
    if (done && !spec.trust_bundle_pem.empty()) done = replace_file(line, spec.trust_bundle_pem, kSystemBundle);
    if (done && !spec.trust_bundle_pem.empty()) done = add_file(line, spec.trust_bundle_pem, "/run/sallyport/ca-bundle.pem");
    if (done && !spec.ca_pem.empty()) done = add_file(line, spec.ca_pem, "/run/sallyport/ca.pem");
    return done;
}

// bubblewrap keeps root's capabilities unless told otherwise.
void add_walls(CommandLine& line, const CommandSpec& spec) {
    add(line, {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"});
    add(line, {"--cap-drop", "ALL", "--hostname", host_name(spec)});
}

Result<void> add_environment(CommandLine& line, const CommandSpec& spec) {
    add(line, {"--clearenv"});
    for (const std::string& variable : spec.environment) {
        const std::size_t equals = variable.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return failure(ErrorCode::config_invalid, "the environment has an entry without a name");
        }
        add(line, {"--setenv", variable.substr(0, equals), variable.substr(equals + 1)});
    }
    return {};
}

Result<void> add_filter(CommandLine& line) {
    auto filter = command_filter();
    if (!filter) return failure(filter.error());
    add(line, {"--seccomp", std::to_string(filter->get())});
    line.fds.push_back(std::move(*filter));
    return {};
}

// bubblewrap runs with SIGINT and SIGQUIT ignored (Ctrl-C is for the command, and must not end its monitor); env gives
// the command their usual meaning back, and says 126 and 127 as a shell does.
Result<void> add_command(CommandLine& line, const CommandSpec& spec) {
    if (spec.argv.empty()) return failure(ErrorCode::config_invalid, "there is no command to run");
    if (spec.argv.front().find('=') != std::string::npos) {
        return failure(ErrorCode::config_invalid, "the command's name must not hold '=': " + spec.argv.front());
    }
    line.command = {"/usr/bin/env", "--default-signal=INT", "--default-signal=QUIT", "--"};
    line.command.insert(line.command.end(), spec.argv.begin(), spec.argv.end());
    return {};
}

bool holds_nul(const CommandSpec& spec) {
    const auto has = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    return std::any_of(spec.argv.begin(), spec.argv.end(), has) ||
           std::any_of(spec.environment.begin(), spec.environment.end(), has) || has(spec.working_directory) ||
           std::any_of(spec.binds.begin(), spec.binds.end(),
                       [&has](const Bind& bind) { return has(bind.source) || has(bind.target); });
}

}  // namespace

Result<CommandLine> command_line(const CommandSpec& spec, const std::vector<std::string>& host_sockets) {
    if (holds_nul(spec)) return failure(ErrorCode::config_invalid, "a NUL byte in the command");
    auto plan = MountPlan::make(spec, host_sockets);
    if (!plan) return failure(plan.error());

    CommandLine line;
    add_walls(line, spec);
    plan->add_tree(line.options);
    if (auto done = add_own_files(line, spec); !done) return failure(done.error());
    plan->add_masks(line.options);
    if (auto done = add_environment(line, spec); !done) return failure(done.error());
    if (auto done = add_filter(line); !done) return failure(done.error());
    add(line, {"--chdir", plan->working_directory()});
    if (auto done = add_command(line, spec); !done) return failure(done.error());
    return line;
}

}  // namespace sallyport::sandbox
