#include "sandbox/handler_runtime.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

// Debian takes some of Node.js's own modules out of the program.
constexpr char kModules[] = "/usr/share/nodejs";
constexpr std::size_t kTraceBytesMax = 64 << 10;

tl::unexpected<Error> unavailable(std::string message) {
    return failure(ErrorCode::handler_unavailable, std::move(message));
}

// The first executable file of that name, free of symbolic links; empty for none.
std::string find_program(std::string_view search_path, const char* name) {
    while (!search_path.empty()) {
        const std::size_t end = std::min(search_path.find(':'), search_path.size());
        const fs::path path = fs::path(search_path.substr(0, end)) / name;
        std::error_code error;
        if (path.is_absolute() && ::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, error)) {
            return fs::canonical(path, error).string();
        }
        search_path.remove_prefix(std::min(end + 1, search_path.size()));
    }
    return {};
}

bool is_elf(const std::string& path) {
    char magic[4] = "";
    std::ifstream(path, std::ios::binary).read(magic, sizeof(magic));
    return std::string_view(magic, sizeof(magic)) == "\177ELF";
}

std::string read_bounded(int fd) {
    std::string all;
    char buffer[4096];
    while (all.size() < kTraceBytesMax) {
        const ssize_t count = ::read(fd, buffer, sizeof(buffer));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
}

// The loader says what it would map, and does not run the program.
Result<std::string> trace(const std::string& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return system_failure("pipe");
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
    char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
    char variable[] = "LD_TRACE_LOADED_OBJECTS=1";
    char* const environment[] = {variable, nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environment);
    ::posix_spawn_file_actions_destroy(&actions);
    write_end.reset();
    if (error != 0) return system_failure("look at the libraries of " + program, error);
    std::string output = read_bounded(read_end.get());
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return output;
}

Result<void> add_program(HandlerRuntime& runtime, const std::string& program) {
    if (!is_elf(program)) {
        return unavailable(program + " is not a program: handlers need Node.js itself, not a script that starts it");
    }
    const auto said = trace(program);
    if (!said) return failure(said.error());
    const auto files = traced_files(*said);
    if (!files) return unavailable(program + ": " + files.error().detail);
    runtime.files.push_back(program);
    runtime.files.insert(runtime.files.end(), files->begin(), files->end());
    return {};
}

template <class T>
void remove_duplicates(std::vector<T>& values) {
    std::set<T> seen;
    std::erase_if(values, [&seen](const T& each) { return !seen.insert(each).second; });
}

}  // namespace

Result<std::vector<std::string>> traced_files(std::string_view trace) {
    std::vector<std::string> files;
    while (!trace.empty()) {
        std::string_view line = trace.substr(0, trace.find('\n'));
        trace.remove_prefix(std::min(line.size() + 1, trace.size()));
        if (line.find("not found") != std::string_view::npos) {
            return unavailable("a library is missing:" + std::string(line));
        }
        // "\tlibm.so.6 => /lib/…/libm.so.6 (0x…)" or "\t/lib64/ld-linux-x86-64.so.2 (0x…)"
        const std::size_t begin = line.find('/');
        const std::size_t end = line.find(" (0x");
        if (begin == std::string_view::npos || end == std::string_view::npos || begin > end) continue;
        files.emplace_back(line.substr(begin, end - begin));
    }
    return files;
}

Result<HandlerRuntime> find_handler_runtime(std::string_view search_path) {
    HandlerRuntime runtime;
    runtime.node = find_program(search_path, "node");
    if (runtime.node.empty()) runtime.node = find_program(search_path, "nodejs");
    if (runtime.node.empty()) return unavailable("handlers need Node.js 18 or later: there is no node in PATH");
    runtime.setpriv = find_program(search_path, "setpriv");
    if (runtime.setpriv.empty()) return unavailable("handlers need setpriv (util-linux): it is not in PATH");
    for (const std::string& program : {runtime.node, runtime.setpriv}) {
        if (auto added = add_program(runtime, program); !added) return failure(added.error());
    }
    for (const std::string& file : runtime.files) runtime.library_directories.push_back(fs::path(file).parent_path());
    remove_duplicates(runtime.files);
    remove_duplicates(runtime.library_directories);
    std::error_code error;
    if (fs::is_directory(kModules, error)) runtime.directories.emplace_back(kModules);
    return runtime;
}

}  // namespace sallyport::sandbox
