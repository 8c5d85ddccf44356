#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
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
    ExplainOptions explain;
    std::vector<std::string> explain_words;
    PolicyDiffOptions diff;
    PolicyProveOptions prove;
    PolicyReplayOptions replay;
    AuditVerifyOptions verify;
    TailOptions tail;
    TopOptions top;
    CallOptions call;
    SecretStoreOptions store;
    std::string call_name;
};

using Chosen = std::function<Options()>;

// Which subcommand has been chosen, once the line is parsed.
struct Choice {
    CLI::App* command;
    Chosen options;
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
    command->add_option("--env-out", raw.attach.env_out_file, "write the variables that hold placeholders here (mode 0600)")
        ->type_name("FILE");
    command->add_option("--ready-fd", raw.attach.ready_fd, "write a line here once egress is guarded");
    add_gate_options(*command, raw.attach.gate);
    return command;
}

CLI::App* add_serve(CLI::App& app, Raw& raw) {
    CLI::App* command = app.add_subcommand("serve", "the daemon for a deployment's file");
    command->add_option("config", raw.serve.gate.config_file, "the deployment's file")->required();
    command->add_option("--runtime-dir", raw.serve.runtime_dir, "where each sandbox's namespace and CA are found")
        ->type_name("DIR");
    command->add_option("--state-dir", raw.serve.state_dir, "where the admin API's changes are kept; 'none': they are forgotten")
        ->type_name("DIR");
    command->add_option("--ready-fd", raw.serve.ready_fd, "write a line here once all sandboxes are guarded");
    command->add_option("--workers", raw.serve.gate.workers, "threads")->check(CLI::Range(1, 256));
    add_gate_options(*command, raw.serve.gate);
    return command;
}

void add_socket(CLI::App& command, std::string& socket) {
    command.add_option("--socket", socket, "the daemon's admin socket")->type_name("PATH");
}

bool is_method(const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// [FILE] [METHOD] URL
ExplainOptions explain_options(const Raw& raw) {
    ExplainOptions options = raw.explain;
    std::vector<std::string> words = raw.explain_words;
    options.url = words.back();
    words.pop_back();
    if (words.size() == 2 || (!words.empty() && is_method(words.back()))) {
        options.method = words.back();
        words.pop_back();
    }
    if (!words.empty()) options.config_file = words.back();
    return options;
}

CLI::App* add_explain(CLI::App& app, Raw& raw) {
    CLI::App* command = app.add_subcommand("explain", "why a request is allowed or denied; nothing is sent");
    command->add_option("question", raw.explain_words, "[FILE] [METHOD] URL; without FILE the daemon is asked")
        ->required()
        ->expected(1, 3);
    command->add_option("--sandbox", raw.explain.sandbox, "whose request it is");
    command->add_option("--policy", raw.explain.policy, "a policy of FILE, instead of a sandbox's");
    command->add_option("-H,--header", raw.explain.headers, "a field of the request")->type_name("'NAME: VALUE'")->allow_extra_args(false);
    command->add_flag("--assume-secrets", raw.explain.assume_secrets, "as if every secret were there");
    command->add_flag("--json", raw.explain.as_json, "for programs");
    add_socket(*command, raw.explain.socket);
    return command;
}

// As a segment of a path.
std::string percent_encoded(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        constexpr char kDigits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        encoded += is_plain ? std::string(1, c) : std::string{'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return encoded;
}

// A call that is one request of the admin API.
Choice add_call(CLI::App& group, Raw& raw, const char* name, const char* meaning, const char* method, std::string prefix,
                std::string suffix, bool takes_name) {
    CLI::App* command = group.add_subcommand(name, meaning);
    if (takes_name) command->add_option("name", raw.call_name, "which one")->required();
    if (std::string_view(method) == "PUT") {
        const std::string form = prefix == "/v1/policies/" ? "JSON or YAML" : "JSON";
        command->add_option("file", raw.call.body_file, "the new one, as " + form + "; '-': standard input")->required();
    }
    if (std::string_view(method) == "PUT" || std::string_view(method) == "DELETE") {
        command->add_option("--if-match", raw.call.if_match, "only if nobody has changed it since")->type_name("ETAG");
    }
    add_socket(*command, raw.call.socket);
    return {command, [&raw, method = std::string(method), prefix, suffix] {
                CallOptions options = raw.call;
                options.method = method;
                options.target = prefix + percent_encoded(raw.call_name) + suffix;
                return Options(options);
            }};
}

void add_policy(CLI::App& app, Raw& raw, std::vector<Choice>& choices) {
    CLI::App* group = app.add_subcommand("policy", "look at policies, compare and prove them, change them in the daemon");
    group->require_subcommand(1);
    CLI::App* diff = group->add_subcommand("diff", "what changes between two files");
    diff->add_option("before", raw.diff.before_file)->required();
    diff->add_option("after", raw.diff.after_file)->required();
    diff->add_flag("--json", raw.diff.as_json, "for programs");
    choices.push_back({diff, [&raw] { return Options(raw.diff); }});
    CLI::App* prove = group->add_subcommand("prove", "that a credential is never sent outside of given places");
    prove->add_option("config", raw.prove.config_file, "the deployment's file")->required();
    prove->add_option("--credential", raw.prove.credential, "its name")->required();
    prove->add_option("--never-outside", raw.prove.never_outside, "one of the places")
        ->type_name("HOST[:PORT][/PATH]")
        ->required()
        ->allow_extra_args(false);
    prove->add_option("--policy", raw.prove.policy, "one policy alone");
    prove->add_flag("--json", raw.prove.as_json, "for programs");
    choices.push_back({prove, [&raw] { return Options(raw.prove); }});
    CLI::App* replay = group->add_subcommand("replay", "decide what the audit log recorded again, under another file");
    replay->add_option("log", raw.replay.log_file, "the audit log (with its rotated files)")->required();
    replay->add_option("--policy", raw.replay.config_file, "the other file")->required();
    replay->add_flag("--all", raw.replay.all, "say what does not change too");
    choices.push_back({replay, [&raw] { return Options(raw.replay); }});
    choices.push_back(add_call(*group, raw, "list", "the daemon's policies", "GET", "/v1/policies", "", false));
    choices.push_back(add_call(*group, raw, "get", "one of them", "GET", "/v1/policies/", "", true));
    choices.push_back(add_call(*group, raw, "put", "set one", "PUT", "/v1/policies/", "", true));
    choices.push_back(add_call(*group, raw, "delete", "back to what the file has", "DELETE", "/v1/policies/", "", true));
}

CLI::Option* add_store_options(CLI::App& command, SecretStoreOptions& store) {
    CLI::Option* file = command.add_option("--store", store.store_file, "a local file of encrypted values")->type_name("FILE");
    CLI::Option* key = command.add_option("--key-file", store.key_file, "its key: 32 bytes")->type_name("FILE");
    command.add_option("--passphrase-file", store.passphrase_file, "or what its key is made of")->type_name("FILE")->excludes(key);
    return file;
}

Choice add_store_change(CLI::App& group, Raw& raw, const char* name, const char* meaning, SecretStoreOptions::Act act) {
    CLI::App* command = group.add_subcommand(name, meaning);
    command->add_option("name", raw.store.name, "the entry's name")->required();
    add_store_options(*command, raw.store)->required();
    return {command, [&raw, act] {
                raw.store.act = act;
                return Options(raw.store);
            }};
}

// The daemon's, or a file's.
Choice add_secrets_list(CLI::App& group, Raw& raw) {
    Choice call = add_call(group, raw, "list", "all of the daemon's, or the entries of a file", "GET", "/v1/secrets", "", false);
    add_store_options(*call.command, raw.store);
    return {call.command, [&raw, call] { return raw.store.store_file.empty() ? call.options() : Options(raw.store); }};
}

void add_questions(CLI::App& app, Raw& raw, std::vector<Choice>& choices) {
    CLI::App* secrets = app.add_subcommand("secrets", "names, sources and ages of the daemon's secrets; a local file of values");
    secrets->require_subcommand(1);
    choices.push_back(add_secrets_list(*secrets, raw));
    choices.push_back(add_call(*secrets, raw, "refresh", "read or fetch one again", "POST", "/v1/secrets/", "/refresh", true));
    choices.push_back(add_store_change(*secrets, raw, "set", "put a value, which standard input gives, into a local file",
                                       SecretStoreOptions::Act::set));
    choices.push_back(add_store_change(*secrets, raw, "remove", "take one out of it", SecretStoreOptions::Act::remove));
    CLI::App* egress = app.add_subcommand("egress", "what is in effect for one sandbox, and what was set for it");
    egress->require_subcommand(1);
    choices.push_back(add_call(*egress, raw, "get", "see it", "GET", "/v1/sandbox/", "/egress", true));
    choices.push_back(add_call(*egress, raw, "put", "set it", "PUT", "/v1/sandbox/", "/egress", true));
    choices.push_back(add_call(*egress, raw, "delete", "back to what the file has", "DELETE", "/v1/sandbox/", "/egress", true));
    CLI::App* connections = app.add_subcommand("connections", "the daemon's open connections");
    connections->require_subcommand(1);
    choices.push_back(add_call(*connections, raw, "list", "all of them", "GET", "/v1/connections", "", false));
    choices.push_back(add_call(*connections, raw, "close", "cut one", "DELETE", "/v1/connections/", "", true));
    CLI::App* proxy = app.add_subcommand("proxy", "the explicit proxy's credentials");
    proxy->require_subcommand(1);
    choices.push_back(add_call(*proxy, raw, "credential", "make one for a sandbox, instead of the one it has", "POST",
                               "/v1/sandbox/", "/proxy_credential", true));
    choices.push_back(add_call(*proxy, raw, "revoke", "take a sandbox's away", "DELETE", "/v1/sandbox/", "/proxy_credential", true));
    CLI::App* audit = app.add_subcommand("audit", "the audit log");
    audit->require_subcommand(1);
    CLI::App* verify = audit->add_subcommand("verify", "that no line was changed, removed or put in");
    verify->add_option("files", raw.verify.files, "the log (its rotated files are read too), or all files, oldest first")->required();
    verify->add_option("--expect-hash", raw.verify.expected_hash, "of the last line, as noted elsewhere")->type_name("HASH");
    choices.push_back({verify, [&raw] { return Options(raw.verify); }});
    CLI::App* tail = app.add_subcommand("tail", "what happens, as it happens");
    tail->add_option("--sandbox", raw.tail.sandbox, "of one sandbox");
    tail->add_option("--type", raw.tail.type, "of one kind: request, generation, policy, egress, secret, connection");
    add_socket(*tail, raw.tail.socket);
    choices.push_back({tail, [&raw] { return Options(raw.tail); }});
    CLI::App* top = app.add_subcommand("top", "the connections that are open, again and again");
    top->add_option("--interval", raw.top.interval_seconds, "seconds between two pages")->check(CLI::Range(0.1, 3600.0));
    top->add_option("-n,--count", raw.top.count, "pages; 0: until interrupted");
    add_socket(*top, raw.top.socket);
    choices.push_back({top, [&raw] { return Options(raw.top); }});
}

std::vector<Choice> add_commands(CLI::App& app, Raw& raw) {
    std::vector<Choice> choices;
    choices.push_back({add_run(app, raw), [&raw] {
                           split_policy(raw.run_policy, raw.run.gate.config_file, raw.run.policy);
                           return Options(raw.run);
                       }});
    choices.push_back({add_attach(app, raw), [&raw] {
                           split_policy(raw.attach_policy, raw.attach.gate.config_file, raw.attach.policy);
                           if (raw.attach_pid > 0) raw.attach.netns_path = "/proc/" + std::to_string(raw.attach_pid) + "/ns/net";
                           return Options(raw.attach);
                       }});
    choices.push_back({add_serve(app, raw), [&raw] { return Options(raw.serve); }});
    CLI::App* check = app.add_subcommand("check", "read a policy file and say what is wrong with it");
    check->add_option("config", raw.check.config_file, "the file")->required();
    choices.push_back({check, [&raw] { return Options(raw.check); }});
    choices.push_back({add_explain(app, raw), [&raw] { return Options(explain_options(raw)); }});
    add_policy(app, raw, choices);
    add_questions(app, raw, choices);
    return choices;
}

}  // namespace

Options parse_command_line(int argc, const char* const* argv) {
    Raw raw;
    raw.serve.gate.serves_every_entry = true;
    raw.serve.gate.workers = std::max(1u, std::thread::hardware_concurrency());
    CLI::App app("Sallyport: code in a sandbox calls private services with credentials it cannot see", "sallyport");
    app.set_version_flag("--version", kVersion);
    app.require_subcommand(1);
    const std::vector<Choice> choices = add_commands(app, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return Finished{app.exit(error) == 0 ? 0 : 2};
    }
    for (const Choice& choice : choices) {
        if (*choice.command) return choice.options();
    }
    return Finished{2};
}

}  // namespace sallyport::cli
