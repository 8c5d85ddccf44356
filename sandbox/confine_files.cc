#include "sandbox/confine_files.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

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

std::uint64_t forbidden_rights() {
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi >= kTruncateAbi ? kForbidden | kTruncate : kForbidden;
}

UniqueFd make_ruleset() {
    const landlock_ruleset_attr attributes{forbidden_rights()};
    return UniqueFd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
}

bool allow_writing(int ruleset, const char* path) {
    const UniqueFd fd(::open(path, O_PATH | O_CLOEXEC));
    if (!fd) return true;
    const landlock_path_beneath_attr rule{LANDLOCK_ACCESS_FS_WRITE_FILE, fd.get()};
    return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

Result<void> forbid_file_changes() {
    const UniqueFd ruleset = make_ruleset();
    if (!ruleset && (errno == ENOSYS || errno == EOPNOTSUPP)) {
        log(LogLevel::warning, "this kernel has no Landlock: the daemon can still write to root's files");
        return {};
    }
    if (!ruleset) return system_failure("landlock_create_ruleset");
    for (const char* path : kWritable) {
        if (!allow_writing(ruleset.get(), path)) return system_failure("landlock_add_rule");
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) < 0) return system_failure("landlock_restrict_self");
    return {};
}

}  // namespace sallyport::sandbox
