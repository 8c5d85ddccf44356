#include "sandbox/command_filter.h"

#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "tests/sandbox/filtered.h"

namespace sallyport::sandbox {
namespace {

template <class Call>
int error_of(Call call) {
    return error_under(command_filter(), call);
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
