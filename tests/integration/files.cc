#include "files.h"

#include <linux/magic.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "base/unique_fd.h"

namespace sallyport::integration {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

int left_ms(std::chrono::steady_clock::time_point end) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    return std::max(0, static_cast<int>(left.count()));
}

bool readable(int fd, int timeout_ms) {
    pollfd event{fd, POLLIN, 0};
    return poll(&event, 1, timeout_ms) == 1;
}

}  // namespace

void write_file(const std::string& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    SALLYPORT_CHECK(file.good());
}

void make_directory(const std::string& path) { std::filesystem::create_directories(path); }

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        // What pins a namespace looks like a file, and cannot be read.
        struct statfs system {};
        if (!entry.is_regular_file() || statfs(entry.path().c_str(), &system) != 0 || system.f_type == NSFS_MAGIC) continue;
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::string> lines(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        found.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

bool wait_for_content(const std::string& path, const std::function<bool(const std::string&)>& done) {
    UniqueFd changes(inotify_init1(IN_CLOEXEC));
    auto directory = std::filesystem::path(path).parent_path();
    SALLYPORT_CHECK(inotify_add_watch(changes.get(), directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0);
    auto end = std::chrono::steady_clock::now() + kPatience;
    std::array<char, 4096> events;
    while (!done(read_file(path))) {
        if (!readable(changes.get(), left_ms(end))) return false;
        if (read(changes.get(), events.data(), events.size()) <= 0) return false;
    }
    return true;
}

bool wait_for_text(const std::string& path, const std::string& text) {
    return wait_for_content(path, [&](const std::string& content) { return content.find(text) != std::string::npos; });
}

std::string wait_for_bytes(int fd) {
    std::array<char, 4096> bytes;
    if (!readable(fd, left_ms(std::chrono::steady_clock::now() + kPatience))) return {};
    auto got = read(fd, bytes.data(), bytes.size());
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
}

}  // namespace sallyport::integration
