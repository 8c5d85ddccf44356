#include "sandbox/confine_filter.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

template <class Body>
int filtered(Body body, FileChanges changes = FileChanges::forbidden) {
    return in_child([&body, changes] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!load_confine_filter(changes)) ::_exit(100);
        body();
    });
}

void expect_killed_by(long call) {
    const int status = filtered([call] { ::syscall(call, 0, 0, 0, 0, 0, 0); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << call << ": " << status;
}

TEST(ConfineFilter, EndsAProcessThatDoesWhatOnlyAnIntruderWould) {
    for (const long call : {SYS_execve, SYS_execveat, SYS_vfork, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount,
                            SYS_umount2, SYS_setns, SYS_unshare, SYS_pivot_root, SYS_chroot, SYS_bpf, SYS_kexec_load,
                            SYS_init_module, SYS_open_by_handle_at, SYS_perf_event_open, SYS_userfaultfd,
                            SYS_io_uring_setup, SYS_keyctl, SYS_add_key, SYS_reboot, SYS_swapon, SYS_fsopen}) {
        expect_killed_by(call);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    expect_killed_by(SYS_ptrace);
    expect_killed_by(SYS_fork);
    expect_killed_by(SYS_clone);
    const int forked = filtered([] { ::fork(); });
    EXPECT_TRUE(WIFSIGNALED(forked));
#endif
}

TEST(ConfineFilter, RefusesTheRest) {
    const int status = filtered([] {
        if (::kill(::getppid(), 0) != -1 || errno != EPERM) ::_exit(1);
        if (::socket(AF_UNIX, SOCK_STREAM, 0) != -1) ::_exit(2);
        if (::socket(AF_PACKET, SOCK_RAW, 0) != -1) ::_exit(3);
        if (::ioctl(0, TIOCSTI, "x") != -1 || errno != EPERM) ::_exit(4);
        if (::syscall(SYS_clone3, nullptr, 0) != -1 || errno != ENOSYS) ::_exit(5);
        if (::syscall(SYS_prlimit64, ::getppid(), 0, nullptr, nullptr) != -1 || errno != EPERM) ::_exit(6);
        if (::chmod("/no/such/file", 0777) != -1 || errno != EPERM) ::_exit(7);
        if (::unlink("/no/such/file") != -1 || errno != EPERM) ::_exit(8);
        if (::mkdir("/no/such/file", 0700) != -1 || errno != EPERM) ::_exit(9);
        if (::rename("/no/such/file", "/no/such/other") != -1 || errno != EPERM) ::_exit(10);
        if (::truncate("/no/such/file", 0) != -1 || errno != EPERM) ::_exit(11);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT, O_WRONLY | O_APPEND}) {
            if (::open("/dev/null", flags, 0600) != -1 || errno != EPERM) ::_exit(12);
        }
        if (::open("/dev/null", O_RDONLY | O_CLOEXEC) == -1) ::_exit(13);
#endif
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Only of what was made before: a watch says that a file is there, and nothing more.
TEST(ConfineFilter, LetsFilesBeWatched) {
    const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const int status = filtered([&watch] {
        const int added = ::inotify_add_watch(watch.get(), "/etc", IN_CREATE);
        if (added < 0 || ::inotify_rm_watch(watch.get(), added) != 0) ::_exit(1);
        if (::inotify_init1(0) != -1 || errno != EPERM) ::_exit(2);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ConfineFilter, LeavesChangesOfFilesToLandlockWhereThereAreSome) {
    const ScratchDir scratch;
    const int status = filtered(
        [&scratch] {
            const std::string path = scratch.path() + "/file";
            const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
            if (!file || ::pwrite(file.get(), "words", 5, 0) != 5) ::_exit(1);
            if (::ftruncate(file.get(), 3) != 0 || ::fsync(file.get()) != 0 || ::fdatasync(file.get()) != 0) ::_exit(2);
            if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) ::_exit(3);
            if (::rename(path.c_str(), (path + "2").c_str()) != 0 || ::unlink((path + "2").c_str()) != 0) ::_exit(4);

            if (::fchmod(file.get(), 0777) != -1 || errno != EPERM) ::_exit(5);
            if (::fchown(file.get(), 1, 1) != -1 || errno != EPERM) ::_exit(6);
            if (::link("/no/such/file", "/no/such/other") != -1 || errno != EPERM) ::_exit(7);
            if (::symlink("/no/such/file", "/no/such/other") != -1 || errno != EPERM) ::_exit(8);
            if (::truncate("/no/such/file", 0) != -1 || errno != EPERM) ::_exit(9);
            if (::mkdir("/no/such/file", 0700) != -1 || errno != EPERM) ::_exit(10);
            if (::socket(AF_UNIX, SOCK_STREAM, 0) != -1) ::_exit(11);
        },
        FileChanges::left_to_landlock);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
