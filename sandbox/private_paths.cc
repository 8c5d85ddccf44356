#include "sandbox/private_paths.h"

#include <filesystem>

#include "sandbox/hidden_paths.h"

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFiles[] = {"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-"};
constexpr const char* kDirectories[] = {"/etc/ssl/private", "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet"};
constexpr char kSshDirectory[] = "/etc/ssh";

bool is_host_key(const std::string& name) { return name.starts_with("ssh_host_") && name.ends_with("_key"); }

void append_with_links(std::vector<std::string>& all, const std::string& path) {
    const auto names = with_links(path);
    all.insert(all.end(), names.begin(), names.end());
}

}  // namespace

std::vector<std::string> private_files() {
    std::vector<std::string> all;
    std::error_code error;
    for (const char* path : kFiles) {
        if (fs::exists(path, error)) append_with_links(all, path);
    }
    for (fs::directory_iterator it(kSshDirectory, error), end; !error && it != end; it.increment(error)) {
        if (is_host_key(it->path().filename())) append_with_links(all, it->path());
    }
    return all;
}

std::vector<std::string> private_directories() {
    std::vector<std::string> all;
    std::error_code error;
    for (const char* path : kDirectories) {
        if (fs::is_directory(path, error)) all.push_back(canonical(path));
    }
    return all;
}

}  // namespace sallyport::sandbox
