#include "sandbox/command_filter.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <vector>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

// In a child, whose exit status is the error number that `call` ends with under the filter; 0 for success.
template <class Call>
int error_of(Call call) {
    auto file = command_filter();
    if (!file) return -1;
    const auto size = static_cast<std::size_t>(::lseek(file->get(), 0, SEEK_END));
    std::vector<sock_filter> program(size / sizeof(sock_filter));
    if (::pread(file->get(), program.data(), size, 0) != static_cast<ssize_t>(size)) return -1;
    sock_fprog loaded{static_cast<unsigned short>(program.size()), program.data()};
    return WEXITSTATUS(in_child([&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) < 0) ::_exit(255);
        ::_exit(call() < 0 ? errno : 0);
    }));
}

TEST(CommandFilter, RefusesWhatReachesOutOfTheSandbox) {
    EXPECT_EQ(error_of([] { return ::ioctl(0, TIOCSTI, "x"); }), EPERM);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_ioctl, 0, 0xdead00000000 | TIOCSTI, "x"); }), EPERM);
    EXPECT_EQ(error_of([] { return ::ioctl(0, TIOCLINUX, "x"); }), EPERM);
    EXPECT_EQ(error_of([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }), EPERM);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), ENOSYS);
    for (const long call : {SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
                            SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_open_by_handle_at, SYS_mount,
                            SYS_umount2, SYS_pivot_root, SYS_fsopen, SYS_move_mount, SYS_setns}) {
        EXPECT_EQ(error_of([call] { return ::syscall(call, -1, -1, -1, -1, -1); }), EPERM) << call;
    }
}

TEST(CommandFilter, AllowsOnlySocketsThatTheNamespaceConfines) {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
        EXPECT_EQ(error_of([family] { return ::socket(family, SOCK_DGRAM, 0); }), 0) << family;
    }
    for (const long family : {long{AF_VSOCK}, long{AF_PACKET}, long{AF_BLUETOOTH}, long{AF_TIPC}, long{AF_ALG},
                              long{AF_XDP}, long{AF_RDS}, (1L << 32) | AF_INET}) {
        EXPECT_EQ(error_of([family] { return ::syscall(SYS_socket, family, SOCK_DGRAM, 0); }), EAFNOSUPPORT) << family;
    }
}

TEST(CommandFilter, LeavesOrdinaryProcessesAlone) {
    EXPECT_EQ(error_of([] { return ::fork() < 0 ? -1 : 0; }), 0);
    EXPECT_EQ(error_of([] { return ::execl("/bin/true", "true", nullptr); }), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
