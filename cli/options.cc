#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <thread>

namespace sallyport::cli {
namespace {

constexpr const char* kVersion = "sallyport 0.1.0";

void add_gate_options(CLI::App& command, GateOptions& gate) {
    command.add_option("--access-log", gate.access_log, "JSON lines to FILE; '-': standard error; 'none'")->type_name("FILE");
    command.add_option("--upstream-ca", gate.upstream_ca_files, "CAs that origins may chain to, beside the system's")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command.add_option("--hosts", gate.hosts_file, "the hosts file for origins' names")->type_name("FILE");
    command.add_option("--resolv-conf", gate.resolv_conf_file, "the resolver's configuration for origins' names")
        ->type_name("FILE");
    command.add_option("--deadline-scale", gate.deadline_scale, "multiplies every deadline")->check(CLI::PositiveNumber);
    command.add_option("--log-format", gate.log_format, "of messages on standard error")
        ->check(CLI::IsMember({"text", "json"}));
}

// FILE#NAME names one policy of the file.
void split_policy(const std::string& argument, std::string& file, std::string& policy) {
    const std::size_t hash = argument.rfind('#');
    file = argument.substr(0, hash);
    if (hash != std::string::npos) policy = argument.substr(hash + 1);
}

struct Raw {
    RunOptions run;
    std::string run_policy;
    AttachOptions attach;
    std::string attach_policy;
    int attach_pid = 0;
    ServeOptions serve;
    CheckOptions check;
};

CLI::App* add_run(CLI::App& app, Raw& raw) {
    CLI::App* command = app.add_subcommand("run", "run a command in a sandbox of its own");
    command->add_option("--policy", raw.run_policy, "the policy file, and which of its policies")->type_name("FILE[#NAME]");
    command->add_option("--as", raw.run.name, "the sandbox's name; its entry in the file gives policy and params");
    command->add_option("--bind", raw.run.binds, "show SRC inside as DST, read-only unless rw")
        ->type_name("SRC[:DST[:rw]]")
        ->allow_extra_args(false);
    command->add_option("--env", raw.run.environment, "pass a variable on, or set one")
        ->type_name("NAME[=VALUE]")
        ->allow_extra_args(false);
    add_gate_options(*command, raw.run.gate);
    command->add_option("command", raw.run.argv, "the command and its arguments")->required();
    command->positionals_at_end();
    return command;
}

CLI::App* add_attach(CLI::App& app, Raw& raw) {
    CLI::App* command = app.add_subcommand("attach", "guard a network namespace that someone else made");
    auto* place = command->add_option_group("namespace")->require_option(1);
    place->add_option("--netns", raw.attach.netns_path, "its path")->type_name("PATH");
    place->add_option("--pid", raw.attach_pid, "a process in it")->check(CLI::PositiveNumber);
    command->add_option("--policy", raw.attach_policy, "the policy file, and which of its policies")
        ->type_name("FILE[#NAME]")
        ->required();
    command->add_option("--as", raw.attach.name, "the sandbox's name");
    command->add_option("--ca-out", raw.attach.ca_out_file, "write what the sandbox must trust here")->type_name("FILE");
    command->add_option("--ready-fd", raw.attach.ready_fd, "write a line here once egress is guarded");
    add_gate_options(*command, raw.attach.gate);
    return command;
}

CLI::App* add_serve(CLI::App& app, Raw& raw) {
    CLI::App* command = app.add_subcommand("serve", "the daemon for a deployment's file");
    command->add_option("config", raw.serve.gate.config_file, "the deployment's file")->required();
    command->add_option("--runtime-dir", raw.serve.runtime_dir, "where each sandbox's namespace and CA are found")
        ->type_name("DIR");
    command->add_option("--ready-fd", raw.serve.ready_fd, "write a line here once all sandboxes are guarded");
    command->add_option("--workers", raw.serve.gate.workers, "threads")->check(CLI::Range(1, 256));
    add_gate_options(*command, raw.serve.gate);
    return command;
}

}  // namespace

Options parse_command_line(int argc, const char* const* argv) {
    Raw raw;
    raw.serve.gate.serves_every_entry = true;
    raw.serve.gate.workers = std::max(1u, std::thread::hardware_concurrency());
    CLI::App app("Sallyport: code in a sandbox calls private services with credentials it cannot see", "sallyport");
    app.set_version_flag("--version", kVersion);
    app.require_subcommand(1);
    CLI::App* run = add_run(app, raw);
    CLI::App* attach = add_attach(app, raw);
    CLI::App* serve = add_serve(app, raw);
    CLI::App* check = app.add_subcommand("check", "read a policy file and say what is wrong with it");
    check->add_option("config", raw.check.config_file, "the file")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return Finished{app.exit(error) == 0 ? 0 : 2};
    }
    split_policy(raw.run_policy, raw.run.gate.config_file, raw.run.policy);
    split_policy(raw.attach_policy, raw.attach.gate.config_file, raw.attach.policy);
    if (raw.attach_pid > 0) raw.attach.netns_path = "/proc/" + std::to_string(raw.attach_pid) + "/ns/net";
    if (*run) return std::move(raw.run);
    if (*attach) return std::move(raw.attach);
    if (*serve) return std::move(raw.serve);
    if (*check) return std::move(raw.check);
    return Finished{2};
}

}  // namespace sallyport::cli
