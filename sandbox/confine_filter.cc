#include "sandbox/confine_filter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Nothing here changes a file system: where the kernel has no Landlock, this list is what is left of that promise, for
// a daemon without files of its own.
constexpr int kAllowed[] = {
    // Event loop.
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(signalfd4), SCMP_SYS(pipe2),
    // Sockets; which families is decided below.
    SCMP_SYS(socketpair), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
    // Files to read: policies, secrets, certificates, the resolver's configuration. Logs are open already and are appended
    // to; messages to the launcher are memfds.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(dup),
    SCMP_SYS(fcntl), SCMP_SYS(lseek), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(memfd_create),
    SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
    SCMP_SYS(mlock), SCMP_SYS(munlock),
    // Threads, time and randomness.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity), SCMP_SYS(getcpu), SCMP_SYS(prctl), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall),
    // Signals, and what a process may know about itself.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack), SCMP_SYS(wait4), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
};

// What a log that rotates and a database need; no chmod, chown, link or symlink, which Landlock does not bound and which
// would reach files that are only open for reading.
constexpr int kChangingFiles[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(msync), SCMP_SYS(flock), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
};

// A terminal's state and a descriptor's; not its input (TIOCSTI).
constexpr std::uint64_t kIoctls[] = {FIONREAD, FIONBIO,  FIOCLEX,    FIONCLEX,   TCGETS,      TCSETS,
                                     TCSETSW,  TCSETSF, TIOCGPGRP, TIOCGWINSZ, SIOCGIFNAME, SIOCGIFINDEX};

constexpr int kFatal[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount),
    SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
    SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(open_by_handle_at), SCMP_SYS(add_key), SCMP_SYS(keyctl), SCMP_SYS(request_key),
    SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(personality), SCMP_SYS(mknod), SCMP_SYS(mknodat),
    SCMP_SYS(memfd_secret),
};

// The leak checker stops the threads from a process of its own.
constexpr bool is_needed_by_sanitizer(int call) {
    return call == SCMP_SYS(ptrace) || call == SCMP_SYS(fork) || call == SCMP_SYS(personality);
}

class FilterBuilder {
public:
    bool good() const { return good_ && filter_ != nullptr; }
    scmp_filter_ctx get() const { return filter_.get(); }
    void add(std::uint32_t action, int call) { note(::seccomp_rule_add(get(), action, call, 0)); }
    void add_when(std::uint32_t action, int call, scmp_arg_cmp condition) {
        note(::seccomp_rule_add_array(get(), action, call, 1, &condition));
    }

private:
    void note(int error) { good_ = good_ && error == 0; }

    std::unique_ptr<void, decltype(&::seccomp_release)> filter_{::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                &::seccomp_release};
    bool good_ = true;
};

// clone3 hides its flags behind a pointer; libc falls back to clone, which may make threads and nothing else.
void add_clone_rules(FilterBuilder& filter) {
    filter.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
    if (kSanitized) return filter.add(SCMP_ACT_ALLOW, SCMP_SYS(clone));
    filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    filter.add_when(SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

// No AF_UNIX: root may connect to any service's socket, and some (docker's) give the machine away. A socketpair is fine.
void add_socket_rules(FilterBuilder& filter) {
    for (const unsigned family : {AF_INET, AF_INET6, AF_NETLINK}) {
        filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family));
    }
}

// Root's user id is enough to signal every process of root's, and to change its limits.
void add_own_process_rules(FilterBuilder& filter) {
    const auto self = static_cast<std::uint64_t>(::getpid());
    for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(prlimit64)}) {
        filter.add_when(SCMP_ACT_ALLOW, call, SCMP_A0(SCMP_CMP_EQ, self));
    }
    filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0));
}

// To read only: Landlock says so too, but not on every kernel, nor of truncation (ABI 3).
void add_read_only_open_rules(FilterBuilder& filter) {
    constexpr std::uint64_t kChanging = O_ACCMODE | O_CREAT | O_TRUNC;
    if (kSanitized) {
        filter.add(SCMP_ACT_ALLOW, SCMP_SYS(open));
        return filter.add(SCMP_ACT_ALLOW, SCMP_SYS(openat));
    }
    filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, kChanging, 0));
    filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, kChanging, 0));
}

void add_file_rules(FilterBuilder& filter, FileChanges changes) {
    if (changes == FileChanges::forbidden) return add_read_only_open_rules(filter);
    for (const int call : kChangingFiles) filter.add(SCMP_ACT_ALLOW, call);
}

void add_ioctl_rules(FilterBuilder& filter) {
    for (const std::uint64_t request : kIoctls) {
        filter.add_when(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, request));
    }
}

}  // namespace

Result<void> load_confine_filter(FileChanges changes) {
    FilterBuilder filter;
    if (!filter.good()) return failure(ErrorCode::system, "cannot make a system call filter");
    for (const int call : kAllowed) filter.add(SCMP_ACT_ALLOW, call);
    for (const int call : kFatal) {
        filter.add(kSanitized && is_needed_by_sanitizer(call) ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS, call);
    }
    add_clone_rules(filter);
    add_socket_rules(filter);
    add_file_rules(filter, changes);
    add_own_process_rules(filter);
    add_ioctl_rules(filter);
    if (!filter.good()) return failure(ErrorCode::system, "cannot build the system call filter");
    if (const int error = ::seccomp_load(filter.get()); error != 0) {
        return system_failure("load the system call filter", -error);
    }
    return {};
}

}  // namespace sallyport::sandbox
