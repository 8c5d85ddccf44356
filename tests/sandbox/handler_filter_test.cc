#include "sandbox/handler_filter.h"

#include <pthread.h>
#include <sys/syscall.h>

#include "tests/sandbox/filtered.h"

namespace sallyport::sandbox {
namespace {

template <class Call>
int error_of(Call call) {
    return error_under(handler_filter(), call);
}

TEST(HandlerFilter, RefusesOtherProcesses) {
    EXPECT_EQ(error_of([] { return ::syscall(SYS_fork); }), EPERM);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_vfork); }), EPERM);
    EXPECT_EQ(error_of([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), EPERM);
    for (const long call : {SYS_unshare, SYS_ptrace, SYS_process_vm_readv, SYS_pidfd_open, SYS_shmget, SYS_memfd_create}) {
        EXPECT_EQ(error_of([call] { return ::syscall(call, -1, -1, -1, -1, -1); }), EPERM) << call;
    }
}

TEST(HandlerFilter, AllowsUnixSocketsAlone) {
    EXPECT_EQ(error_of([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), 0);
    for (const long family : {long{AF_INET}, long{AF_INET6}, long{AF_NETLINK}, long{AF_VSOCK}, (1L << 32) | AF_INET}) {
        EXPECT_EQ(error_of([family] { return ::syscall(SYS_socket, family, SOCK_DGRAM, 0); }), EAFNOSUPPORT) << family;
    }
}

TEST(HandlerFilter, LetsAProgramStart) {
    EXPECT_EQ(error_of([] { return ::execl("/bin/true", "true", nullptr); }), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
