#include "sandbox/pinned_path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

bool is_namespace(const std::string& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 && status.f_type == NSFS_MAGIC;
}

// Only what a pin leaves behind is removed, a namespace or an empty file: a wrong path must not cost anyone a file.
Result<void> remove_stale(const std::string& path) {
    while (is_namespace(path)) {
        if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0) return system_failure("unpin " + path);
    }
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) return {};
    if (!S_ISREG(status.st_mode) || status.st_size != 0) {
        return failure(ErrorCode::config_invalid, path + " is in use: pin the namespace elsewhere");
    }
    if (::unlink(path.c_str()) < 0) return system_failure("remove " + path);
    return {};
}

Result<void> make_parent(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(parent, error)) return {};
    std::filesystem::create_directories(parent, error);
    if (!error) std::filesystem::permissions(parent, std::filesystem::perms(0755), error);
    if (error) return system_failure("make " + parent.string(), error.value());
    return {};
}

}  // namespace

PinnedPath::~PinnedPath() {
    if (path_.empty()) return;
    ::umount2(path_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    ::unlink(path_.c_str());
}

Result<PinnedPath> PinnedPath::pin(int netns, const std::string& path) {
    if (path.front() != '/') return failure(ErrorCode::config_invalid, "the pinned path " + path + " is not absolute");
    if (auto made = make_parent(path); !made) return failure(made.error());
    if (auto removed = remove_stale(path); !removed) return failure(removed.error());
    const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444));
    if (!file) return system_failure("create " + path);
    PinnedPath pinned(path);
    const std::string source = "/proc/self/fd/" + std::to_string(netns);
    if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) < 0) return system_failure("pin " + path);
    return pinned;
}

}  // namespace sallyport::sandbox
