#include "sandbox/handler_jail.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "sandbox/command_filter.h"
#include "sandbox/handler_filter.h"
#include "sandbox/handler_host.h"
#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

constexpr char kHostProgram[] = "/run/sallyport/handler_host.mjs";
constexpr char kScripts[] = "/handlers/";
// What Node.js 18 and 20 have of writable memory before the script gets any (41 to 45 MiB measured), and what the engine
// needs to collect garbage in.
constexpr std::uint64_t kRuntimeMib = 64;
// Of each thread, too; V8 takes 984 KiB for granted.
constexpr std::uint64_t kStackBytes = 2 << 20;
// Node.js takes about ten; the others are for the script's worker threads.
constexpr std::uint64_t kThreadsMax = 64;
constexpr std::uint64_t kFilesMax = 1024;
// A script that spins must not starve the gate's workers.
constexpr int kNice = 5;
constexpr std::size_t kScriptNameMax = 64;

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

void add(CommandLine& line, std::initializer_list<std::string> options) {
    line.options.insert(line.options.end(), options);
}

Result<void> add_text(CommandLine& line, std::string_view text, const std::string& path) {
    auto file = sealed_file("sallyport-file", text);
    if (!file) return failure(file.error());
    add(line, {"--perms", "0444", "--ro-bind-data", std::to_string(file->get()), path});
    line.fds.push_back(std::move(*file));
    return {};
}

// Setting the user id is the last thing that needs a capability; setpriv drops what is left.
void add_walls(CommandLine& line) {
    add(line, {"--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
               "--die-with-parent", "--new-session", "--hostname", "handlers", "--cap-drop", "ALL", "--cap-add",
               "CAP_SETUID", "--cap-add", "CAP_SETGID"});
}

// bubblewrap would close those that it makes itself to every user but root.
void add_parents(CommandLine& line, const HandlerRuntime& runtime) {
    std::set<std::filesystem::path> parents = {"/dev", "/handlers", "/run", "/run/sallyport"};
    for (const auto* paths : {&runtime.directories, &runtime.files}) {
        for (std::filesystem::path path : *paths) {
            while ((path = path.parent_path()) != "/") parents.insert(path);
        }
    }
    for (const auto& path : parents) add(line, {"--perms", "0755", "--dir", path.string()});
}

void add_files(CommandLine& line, const HandlerRuntime& runtime, const std::string& fetch_socket) {
    add_parents(line, runtime);
    for (const std::string& path : runtime.directories) add(line, {"--ro-bind", path, path});
    for (const std::string& path : runtime.files) add(line, {"--ro-bind", path, path});
    add(line, {"--dev-bind", "/dev/null", "/dev/null", "--ro-bind", fetch_socket, kJailFetchPath});
}

std::string joined(const std::vector<std::string>& directories) {
    std::string path;
    for (const std::string& each : directories) path += (path.empty() ? "" : ":") + each;
    return path;
}

void add_environment(CommandLine& line, const HandlerRuntime& runtime) {
    add(line, {"--clearenv", "--setenv", "LD_LIBRARY_PATH", joined(runtime.library_directories)});
    add(line, {"--setenv", "UV_THREADPOOL_SIZE", "2"});
}

Result<void> add_filters(CommandLine& line) {
    for (auto* make : {&command_filter, &handler_filter}) {
        auto filter = make();
        if (!filter) return failure(filter.error());
        add(line, {"--add-seccomp-fd", std::to_string(filter->get())});
        line.fds.push_back(std::move(*filter));
    }
    return {};
}

// The engine's own limit ends a script that fills its heap with a message; the process's limit is for everything else:
// buffers, typed arrays, compiled code.
void add_limits(CommandLine& line, std::uint64_t memory_mib) {
    line.limits = {{RLIMIT_DATA, (kRuntimeMib + memory_mib) << 20}, {RLIMIT_STACK, kStackBytes}, {RLIMIT_CORE, 0},
                   {RLIMIT_NPROC, kThreadsMax}, {RLIMIT_NOFILE, kFilesMax}};
    line.nice = kNice;
}

void add_command(CommandLine& line, const HandlerSpec& spec, const HandlerRuntime& runtime, const JailEnds& ends) {
    const std::string user = std::to_string(ends.user);
    line.command = {runtime.setpriv, "--reuid", user, "--regid", user, "--clear-groups", "--inh-caps=-all", "--no-new-privs",
                    "--", runtime.node, "--max-old-space-size=" + std::to_string(spec.memory_mib),
                    "--max-semi-space-size=4", "--v8-pool-size=1", "--no-warnings", kHostProgram,
                    kScripts + jail_script_name(spec.script_name), std::filesystem::path(spec.script_name).stem().string(),
                    std::to_string(ends.calls.get()), std::to_string(ends.report.get())};
}

}  // namespace

std::string jail_script_name(const std::string& name) {
    const bool plain = !name.empty() && name.size() <= kScriptNameMax && name.front() != '.' &&
                       std::all_of(name.begin(), name.end(), is_plain) && (name.ends_with(".js") || name.ends_with(".mjs"));
    return plain ? name : "script.mjs";
}

Result<CommandLine> handler_jail(const HandlerSpec& spec, const HandlerRuntime& runtime, JailEnds ends) {
    CommandLine line;
    add_walls(line);
    add_files(line, runtime, ends.fetch_socket);
    auto done = add_text(line, handler_host_program(), kHostProgram);
    if (done) done = add_text(line, R"({"type":"module"})", std::string(kScripts) + "package.json");
    if (done) done = add_text(line, spec.script, kScripts + jail_script_name(spec.script_name));
    if (done) done = add_filters(line);
    if (!done) return failure(done.error());
    add(line, {"--remount-ro", "/", "--chdir", "/"});
    add_environment(line, runtime);
    add_limits(line, spec.memory_mib);
    add_command(line, spec, runtime, ends);
    line.fds.push_back(std::move(ends.calls));
    line.fds.push_back(std::move(ends.report));
    line.output = std::move(ends.output);
    return line;
}

}  // namespace sallyport::sandbox
