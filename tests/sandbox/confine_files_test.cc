#include "sandbox/confine_files.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

bool kernel_knows_truncation() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 3;
}

TEST(ConfineFiles, LeavesFilesReadableAndNothingWritable) {
    const ScratchDir directory;
    const std::string file = directory.file("file", "words");
    const UniqueFd log(::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const int status = in_child([&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!forbid_file_changes()) ::_exit(100);
        const auto can_open = [](const std::string& path, int flags) { return ::open(path.c_str(), flags, 0600) >= 0; };
        if (content_of(file) != "words") ::_exit(1);
        if (::write(log.get(), "!", 1) != 1) ::_exit(2);
        if (can_open(file, O_WRONLY)) ::_exit(3);
        if (kernel_knows_truncation() && (can_open(file, O_RDONLY | O_TRUNC) || ::truncate(file.c_str(), 0) == 0)) ::_exit(10);
        if (can_open(directory.path() + "/new", O_CREAT | O_WRONLY)) ::_exit(4);
        if (can_open("/proc/sys/kernel/core_pattern", O_WRONLY)) ::_exit(5);
        if (::unlink(file.c_str()) == 0 || ::rename(file.c_str(), (file + "2").c_str()) == 0) ::_exit(6);
        if (::mkdir((directory.path() + "/d").c_str(), 0700) == 0) ::_exit(7);
        if (!can_open("/dev/null", O_WRONLY)) ::_exit(8);
        ::execl("/bin/true", "true", nullptr);
        ::_exit(errno == EACCES ? 0 : 9);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
