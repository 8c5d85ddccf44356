#include "sandbox/launcher_setup.h"

#include <cap-ng.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "base/check.h"

namespace sallyport::sandbox {
namespace {

// Namespaces, mounts and rules; reading what masks need; and for bubblewrap, which inherits no more than these, to set
// up the sandbox's files and to drop the rest.
constexpr unsigned kKept[] = {CAP_SYS_ADMIN,    CAP_NET_ADMIN, CAP_SETPCAP, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE,
                              CAP_DAC_READ_SEARCH, CAP_CHOWN,  CAP_FOWNER,  CAP_KILL,       CAP_SYS_CHROOT,
                              CAP_SETUID,       CAP_SETGID};

std::string name_of(unsigned capability) {
    std::string name = std::string("CAP_") + ::capng_capability_to_name(capability);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

Result<void> require_capabilities() {
    ::capng_setpid(::getpid());  // it remembers the process that it was first used in
    if (::capng_get_caps_process() != 0) return failure(ErrorCode::system, "cannot read the capabilities");
    std::string needed;
    std::string missing;
    for (const unsigned capability : kKept) {
        const std::string name = name_of(capability);
        needed += (needed.empty() ? "" : ", ") + name;
        if (::capng_have_capability(CAPNG_PERMITTED, capability) != 0) continue;
        missing += (missing.empty() ? "" : ", ") + name;
    }
    if (missing.empty()) return {};
    return failure(ErrorCode::system, "needs root with " + needed + "; missing: " + missing +
                                          " (a container's root has only what the container was given)");
}

Result<void> drop_capabilities() {
    if (auto had = require_capabilities(); !had) return had;
    ::capng_clear(CAPNG_SELECT_BOTH);
    for (const unsigned capability : kKept) {
        ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
                       capability);
    }
    if (::capng_apply(CAPNG_SELECT_BOTH) != 0) return failure(ErrorCode::system, "cannot give up capabilities");
    return {};
}

// Ctrl-C and hang-ups are for the command; whether to leave is for the daemon, whose end we notice by its sockets.
// SIGTSTP stays: Ctrl-Z stops the whole job, and `fg` continues it.
void ignore_signals() {
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) {
        ::signal(signal, SIG_IGN);
    }
    ::signal(SIGCHLD, SIG_DFL);
}

void close_other_descriptors(int calls, int events) {
    const int low = std::min(calls, events);
    const int high = std::max(calls, events);
    SALLYPORT_CHECK(low > STDERR_FILENO);
    const auto close = [](int first, int last) {
        if (first <= last) ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0);
    };
    close(STDERR_FILENO + 1, low - 1);
    close(low + 1, high - 1);
    ::close_range(static_cast<unsigned>(high) + 1, ~0U, 0);
}

}  // namespace

Result<void> prepare_launcher_process(int calls, int events) {
    ignore_signals();
    close_other_descriptors(calls, events);
    ::prctl(PR_SET_NAME, "sallyport-root");
    ::prctl(PR_SET_DUMPABLE, 0);
    // A sandbox's init may outlive bubblewrap's monitor by a moment; it is ours to collect then.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    return drop_capabilities();
}

}  // namespace sallyport::sandbox
