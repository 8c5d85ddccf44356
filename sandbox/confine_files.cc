#include "sandbox/confine_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "base/log.h"
#include "base/unique_fd.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

constexpr std::uint64_t kForbidden =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

// Known since Linux 6.2 (ABI 3), and not to Debian 12's headers. O_RDONLY | O_TRUNC empties a file without it.
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr long kTruncateAbi = 3;

constexpr const char* kWritable[] = {"/dev/null", "/dev/tty"};

// Renaming within a directory is removing and making; to another one is not possible (LANDLOCK_ACCESS_FS_REFER).
constexpr std::uint64_t kInWritableDirectory =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | kTruncate;

std::uint64_t forbidden_rights() {
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi >= kTruncateAbi ? kForbidden | kTruncate : kForbidden;
}

UniqueFd make_ruleset() {
    const landlock_ruleset_attr attributes{forbidden_rights()};
    return UniqueFd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
}

bool allow(int ruleset, const UniqueFd& fd, std::uint64_t rights) {
    const landlock_path_beneath_attr rule{rights & forbidden_rights(), fd.get()};
    return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool allow_writing(int ruleset, const char* path) {
    const UniqueFd fd(::open(path, O_PATH | O_CLOEXEC));
    return !fd || allow(ruleset, fd, LANDLOCK_ACCESS_FS_WRITE_FILE);
}

bool has_directories(int fd) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(::dup(fd)), &::closedir);
    if (!stream) return true;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        struct stat status {};
        if (name == "." || name == ".." || ::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISDIR(status.st_mode)) return true;
    }
    return false;
}

// A directory that nobody else's files are in, as far as can be told.
Result<UniqueFd> open_own_directory(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno));
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 || status.st_uid != ::geteuid()) {
        return failure(ErrorCode::config_invalid,
                       path + ": others may write to this directory; the daemon's files need one of their own (mode 0700)");
    }
    if (has_directories(fd.get())) {
        return failure(ErrorCode::config_invalid,
                       path + ": this directory has others in it, to which the daemon could write; its files need one of "
                              "their own");
    }
    return fd;
}

Result<std::vector<UniqueFd>> open_own_directories(const std::vector<std::string>& paths) {
    std::vector<UniqueFd> directories;
    for (const std::string& path : paths) {
        auto directory = open_own_directory(path);
        if (!directory) return failure(directory.error());
        directories.push_back(std::move(*directory));
    }
    return directories;
}

void warn_without_landlock(bool may_write) {
    const std::string consequence = may_write ? "the daemon can write to all of root's files"
                                              : "only the system call filter keeps the daemon from writing to root's files";
    log(LogLevel::warning, "this kernel has no Landlock: " + consequence);
}

}  // namespace

Result<void> forbid_file_changes(const std::vector<std::string>& writable_directories) {
    const auto directories = open_own_directories(writable_directories);
    if (!directories) return failure(directories.error());
    const UniqueFd ruleset = make_ruleset();
    if (!ruleset && (errno == ENOSYS || errno == EOPNOTSUPP)) {
        warn_without_landlock(!directories->empty());
        return {};
    }
    if (!ruleset) return system_failure("landlock_create_ruleset");
    for (const char* path : kWritable) {
        if (!allow_writing(ruleset.get(), path)) return system_failure("landlock_add_rule");
    }
    for (const UniqueFd& directory : *directories) {
        if (!allow(ruleset.get(), directory, kInWritableDirectory)) return system_failure("landlock_add_rule");
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) < 0) return system_failure("landlock_restrict_self");
    return {};
}

Result<void> check_own_directory(const std::string& path) {
    const auto directory = open_own_directory(path);
    if (!directory) return failure(directory.error());
    return {};
}

}  // namespace sallyport::sandbox
