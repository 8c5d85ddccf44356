#include "sandbox/confine_filter.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

template <class Body>
int filtered(Body body) {
    return in_child([&body] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!load_confine_filter()) ::_exit(100);
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

}  // namespace
}  // namespace sallyport::sandbox
