#include "sandbox/hidden_paths.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "base/log.h"

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

// bubblewrap takes 9000 arguments, three for each entry.
constexpr std::size_t kEntriesMax = 400;
constexpr std::size_t kLinksMax = 16;

using Names = std::set<std::string>;

std::string inside(const View& view, const std::string& host_path) {
    const fs::path relative = fs::path(host_path).lexically_relative(view.host);
    return relative == "." ? view.inside : (fs::path(view.inside) / relative).string();
}

// nullopt: too many, or not readable.
std::optional<std::vector<fs::directory_entry>> entries(const std::string& directory) {
    std::vector<fs::directory_entry> all;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
        if (all.size() == kEntriesMax) return std::nullopt;
        all.push_back(*it);
    }
    if (error) return std::nullopt;
    return all;
}

void show_entry(std::vector<std::string>& out, const fs::directory_entry& entry, const std::string& at) {
    std::error_code error;
    if (entry.is_symlink(error)) {
        const std::string target = fs::read_symlink(entry.path(), error).string();
        if (!error) out.insert(out.end(), {"--symlink", target, at});
        return;
    }
    out.insert(out.end(), {"--ro-bind-try", entry.path().string(), at});
}

// What cannot be rebuilt is covered file by file: safe until the file is replaced.
void cover_files(std::vector<std::string>& out, const View& view, const std::string& directory, const Names& names) {
    for (const std::string& name : names) {
        const std::string path = (fs::path(directory) / name).string();
        std::error_code error;
        if (!fs::exists(path, error)) continue;
        out.insert(out.end(), {"--ro-bind", "/dev/null", inside(view, path)});
        log(LogLevel::warning, path + " is hidden from the sandbox only until it is replaced: give it a directory of its own");
    }
}

void rebuild(std::vector<std::string>& out, const View& view, const std::string& directory, const Names& hidden) {
    const auto all = entries(directory);
    if (!all || directory == "/") return cover_files(out, view, directory, hidden);
    const std::string at = inside(view, directory);
    out.insert(out.end(), {"--tmpfs", at});
    for (const fs::directory_entry& entry : *all) {
        const std::string name = entry.path().filename().string();
        if (!hidden.contains(name)) show_entry(out, entry, (fs::path(at) / name).string());
    }
    out.insert(out.end(), {"--remount-ro", at});
}

}  // namespace

bool is_within(std::string_view path, std::string_view directory) {
    if (directory == "/" || path == directory) return true;
    return path.starts_with(directory) && path[directory.size()] == '/';
}

std::string canonical(const std::string& path) {
    std::error_code error;
    fs::path result = fs::weakly_canonical(path, error);
    if (error) result = fs::path(path).lexically_normal();
    if (!result.has_filename() && result != "/") result = result.parent_path();
    return result.string();
}

std::vector<std::string> with_links(const std::string& path) {
    std::vector<std::string> all;
    fs::path next = path;
    for (std::size_t i = 0; i < kLinksMax; ++i) {
        const fs::path here = fs::path(canonical(next.parent_path().string())) / next.filename();
        all.push_back(here.string());
        std::error_code error;
        const fs::path target = fs::read_symlink(here, error);
        if (error) break;
        next = here.parent_path() / target;
    }
    return all;
}

std::vector<std::string> hide_files(const View& view, const std::vector<std::string>& files) {
    std::map<std::string, Names> by_directory;  // in order: a directory is rebuilt before those below it
    for (const std::string& file : files) {
        const fs::path path(file);
        const std::string directory = path.parent_path().string();
        std::error_code error;
        if (!is_within(directory, view.host) || !fs::is_directory(directory, error)) continue;
        by_directory[directory].insert(path.filename().string());
    }
    std::vector<std::string> out;
    for (const auto& [directory, names] : by_directory) rebuild(out, view, directory, names);
    return out;
}

Result<std::vector<std::string>> host_socket_paths() {
    std::ifstream file("/proc/net/unix");
    if (!file) return failure(ErrorCode::system, "cannot read /proc/net/unix");
    std::set<std::string> paths;
    for (std::string line; std::getline(file, line);) {
        const std::size_t slash = line.find(" /");
        if (slash == std::string::npos) continue;
        const std::string path = canonical(line.substr(slash + 1));
        std::error_code error;
        if (fs::is_socket(path, error)) paths.insert(path);
    }
    return std::vector<std::string>(paths.begin(), paths.end());
}

}  // namespace sallyport::sandbox
