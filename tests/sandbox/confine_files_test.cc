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

TEST(ConfineFiles, WritesInItsOwnDirectoriesAndNowhereElse) {
    const ScratchDir own;
    const ScratchDir other;
    const std::string inside = own.file("inside", "words");
    const std::string outside = other.file("outside", "words");
    std::filesystem::create_symlink(outside, own.path() + "/link");
    const int status = in_child([&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!forbid_file_changes({own.path()})) ::_exit(100);
        const auto can_open = [](const std::string& path, int flags) {
            return UniqueFd(::open(path.c_str(), flags | O_CLOEXEC, 0600)).get() >= 0;
        };
        if (!can_open(inside, O_RDWR) || !can_open(inside, O_WRONLY | O_TRUNC)) ::_exit(1);
        if (!can_open(own.path() + "/new", O_WRONLY | O_CREAT | O_EXCL)) ::_exit(2);
        if (::rename(inside.c_str(), (inside + ".1").c_str()) != 0) ::_exit(3);
        if (::unlink((inside + ".1").c_str()) != 0) ::_exit(4);

        if (can_open(outside, O_WRONLY) || can_open(own.path() + "/link", O_WRONLY)) ::_exit(5);
        if (can_open(own.path() + "/.." + other.path().substr(other.path().rfind('/')) + "/outside", O_WRONLY)) ::_exit(6);
        if (can_open(other.path() + "/new", O_WRONLY | O_CREAT)) ::_exit(7);
        if (::rename((own.path() + "/new").c_str(), (other.path() + "/new").c_str()) == 0) ::_exit(8);
        if (::rename(outside.c_str(), (own.path() + "/taken").c_str()) == 0) ::_exit(9);
        if (::link(outside.c_str(), (own.path() + "/taken").c_str()) == 0) ::_exit(10);
        if (::mkdir((own.path() + "/d").c_str(), 0700) == 0) ::_exit(11);
        if (::mkfifo((own.path() + "/f").c_str(), 0600) == 0) ::_exit(15);
        if (::symlink("/etc", (own.path() + "/s").c_str()) == 0) ::_exit(12);
        if (::unlink(outside.c_str()) == 0) ::_exit(13);
        if (content_of(outside) != "words") ::_exit(14);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Before anything is given up, so that the process is as it was.
TEST(ConfineFiles, RefusesADirectoryThatHoldsMoreThanItsOwnFiles) {
    const ScratchDir scratch;
    const std::string file = scratch.file("empty/file", "");
    const std::string open_to_all = scratch.path() + "/open";
    std::filesystem::create_directory(open_to_all);
    ASSERT_EQ(::chmod(open_to_all.c_str(), 0777), 0);
    const struct {
        std::string path;
        const char* reason;
    } cases[] = {
        {"/", "others in it"},
        {"/etc", "others in it"},
        {scratch.path(), "others in it"},
        {open_to_all, "others may write"},
        {file, "Not a directory"},
        {scratch.path() + "/none", "No such file"},
    };
    EXPECT_TRUE(check_own_directory(scratch.path() + "/empty").has_value());
    for (const auto& each : cases) {
        const auto done = forbid_file_changes({each.path});
        ASSERT_FALSE(done.has_value()) << each.path;
        EXPECT_FALSE(check_own_directory(each.path).has_value()) << each.path;
        EXPECT_EQ(done.error().code, ErrorCode::config_invalid);
        EXPECT_THAT(done.error().detail, testing::HasSubstr(each.reason)) << each.path;
    }
}

}  // namespace
}  // namespace sallyport::sandbox
