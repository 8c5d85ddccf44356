#include "sandbox/handler_filter.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <memory>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

constexpr int kRefused[] = {
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(unshare), SCMP_SYS(chroot), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
    // Memory that no limit of a process counts.
    SCMP_SYS(shmget), SCMP_SYS(shmat), SCMP_SYS(mq_open), SCMP_SYS(memfd_create), SCMP_SYS(memfd_secret),
};

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

bool refuse_when(scmp_filter_ctx filter, int error, int call, scmp_arg_cmp condition) {
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error), call, 1, &condition) == 0;
}

// clone3, which hides its flags behind a pointer, is gone by the command's filter.
bool add_rules(scmp_filter_ctx filter) {
    for (const int call : kRefused) {
        if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) != 0) return false;
    }
    return refuse_when(filter, EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) &&
           refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_NE, AF_UNIX));
}

}  // namespace

Result<UniqueFd> handler_filter() {
    const Filter filter(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
    if (!filter || !add_rules(filter.get())) {
        return failure(ErrorCode::system, "cannot build the handlers' system call filter");
    }
    UniqueFd file(::memfd_create("sallyport-seccomp", MFD_CLOEXEC));
    if (!file) return system_failure("memfd_create");
    if (::seccomp_export_bpf(filter.get(), file.get()) != 0 || ::lseek(file.get(), 0, SEEK_SET) < 0) {
        return failure(ErrorCode::system, "cannot write the handlers' system call filter");
    }
    return file;
}

}  // namespace sallyport::sandbox
