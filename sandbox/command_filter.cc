#include "sandbox/command_filter.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <initializer_list>
#include <memory>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

constexpr int kRefused[] = {
    // Keys belong to users, not to namespaces.
    SCMP_SYS(add_key), SCMP_SYS(keyctl), SCMP_SYS(request_key),
    // The kernel itself.
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(reboot), SCMP_SYS(swapon),
    SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(syslog), SCMP_SYS(vhangup),
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(quotactl), SCMP_SYS(lookup_dcookie),
    // Files by handle pass every mount that hides them.
    SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(move_mount), SCMP_SYS(open_tree),
    SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr),
    SCMP_SYS(setns),
};

// ENOSYS, so that callers fall back: clone3 hides its flags behind a pointer, and a ring makes sockets that no filter sees.
constexpr int kAbsent[] = {
    SCMP_SYS(clone3), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
};

constexpr bool is_confined_family(int family) {
    return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

bool refuse(scmp_filter_ctx filter, int call) {
    return ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) == 0;
}

bool refuse_when(scmp_filter_ctx filter, int error, int call, scmp_arg_cmp condition) {
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error), call, 1, &condition) == 0;
}

bool add_plain_rules(scmp_filter_ctx filter) {
    for (const int call : kRefused) {
        if (!refuse(filter, call)) return false;
    }
    for (const int call : kAbsent) {
        if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0) != 0) return false;
    }
    return true;
}

// vsock reaches the hypervisor, and others reach hardware, from any network namespace.
bool add_socket_rules(scmp_filter_ctx filter) {
    for (int family = 0; family <= AF_NETLINK; ++family) {
        if (is_confined_family(family)) continue;
        if (!refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, static_cast<unsigned>(family)))) {
            return false;
        }
    }
    return refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
}

// The kernel reads the low 32 bits of an ioctl's number and of clone's flags.
bool add_argument_rules(scmp_filter_ctx filter) {
    constexpr std::uint64_t kLow = 0xffffffff;
    for (const std::uint64_t request : {TIOCSTI, TIOCLINUX}) {
        if (!refuse_when(filter, EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, kLow, request))) return false;
    }
    for (const int call : {SCMP_SYS(clone), SCMP_SYS(unshare)}) {
        if (!refuse_when(filter, EPERM, call, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))) return false;
    }
    return true;
}

}  // namespace

Result<UniqueFd> command_filter() {
    const Filter filter(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
    if (!filter || !add_plain_rules(filter.get()) || !add_socket_rules(filter.get()) ||
        !add_argument_rules(filter.get())) {
        return failure(ErrorCode::system, "cannot build the command's system call filter");
    }
    UniqueFd file(::memfd_create("sallyport-seccomp", MFD_CLOEXEC));
    if (!file) return system_failure("memfd_create");
    if (::seccomp_export_bpf(filter.get(), file.get()) != 0 || ::lseek(file.get(), 0, SEEK_SET) < 0) {
        return failure(ErrorCode::system, "cannot write the command's system call filter");
    }
    return file;
}

}  // namespace sallyport::sandbox
