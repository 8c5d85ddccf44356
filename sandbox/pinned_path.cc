#include "sandbox/pinned_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

bool is_namespace(const std::string& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 && status.f_type == NSFS_MAGIC;
}

// Whether there was one. Only what a pin leaves behind is removed, a namespace or an empty file: a wrong path must not cost
// anyone a file.
Result<bool> remove_stale(const std::string& path) {
    while (is_namespace(path)) {
        if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0) return system_failure("unpin " + path);
    }
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) return false;
    if (!S_ISREG(status.st_mode) || status.st_size != 0) {
        return failure(ErrorCode::config_invalid, path + " is in use: pin the namespace elsewhere");
    }
    if (::unlink(path.c_str()) < 0) return system_failure("remove " + path);
    return true;
}

// Whether it was missing.
Result<bool> make_parent(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(parent, error)) return false;
    std::filesystem::create_directories(parent, error);
    if (!error) std::filesystem::permissions(parent, std::filesystem::perms(0755), error);
    if (error) return system_failure("make " + parent.string(), error.value());
    return true;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// Directories that a pin may be in, but that are never a sandbox's own: those of the system, and those of everybody.
bool is_shared(const std::filesystem::path& directory, const struct stat& status) {
    const std::string above = directory.lexically_normal().parent_path().string();
    return above == "/" || above == "/var" || above == "/usr" || directory == "/run/netns" ||
           status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

// The names in it; nothing where one is not a regular file of the directory's own file system (a mount, another pin).
std::vector<std::string> only_regular_files(DIR* directory, dev_t device) {
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat status {};
        if (::fstatat(::dirfd(directory), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return {};
        if (!S_ISREG(status.st_mode) || status.st_dev != device) return {};
        names.push_back(name);
    }
    return names;
}

// Whatever is not plainly the sandbox's own keeps its place: rmdir fails where anything is left.
void remove_directory(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const std::unique_ptr<DIR, CloseDirectory> directory(fd < 0 ? nullptr : ::fdopendir(fd));
    struct stat status {};
    if (!directory || ::fstat(fd, &status) < 0 || is_shared(path, status)) return;
    for (const std::string& name : only_regular_files(directory.get(), status.st_dev)) ::unlinkat(fd, name.c_str(), 0);
    ::rmdir(path.c_str());
}

}  // namespace

PinnedPath::~PinnedPath() {
    if (path_.empty()) return;
    ::umount2(path_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    ::unlink(path_.c_str());
    if (owns_directory_) remove_directory(std::filesystem::path(path_).parent_path());
}

Result<PinnedPath> PinnedPath::pin(int netns, const std::string& path) {
    if (path.front() != '/') return failure(ErrorCode::config_invalid, "the pinned path " + path + " is not absolute");
    const auto made = make_parent(path);
    if (!made) return failure(made.error());
    const auto removed = remove_stale(path);
    if (!removed) return failure(removed.error());
    const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444));
    if (!file) return system_failure("create " + path);
    PinnedPath pinned(path, *made || *removed);
    const std::string source = "/proc/self/fd/" + std::to_string(netns);
    if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) < 0) return system_failure("pin " + path);
    return pinned;
}

}  // namespace sallyport::sandbox
