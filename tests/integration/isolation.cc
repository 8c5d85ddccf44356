#include "isolation.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/check.h"

namespace sallyport::integration {
namespace {

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// A process 1 must take in orphans, or they stay as zombies.
int reap_until_gone(pid_t child) {
    int status = 0;
    for (pid_t ended = 0; ended != child;) ended = wait(&status);
    return exit_code(status);
}

void own_mounts() {
    SALLYPORT_CHECK(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    SALLYPORT_CHECK(mount("proc", "/proc", "proc", 0, nullptr) == 0);
    SALLYPORT_CHECK(mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0);
}

[[noreturn]] void serve_as_init(const std::function<int()>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    own_mounts();
    pid_t child = fork();
    SALLYPORT_CHECK(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int code = body();
        std::fflush(nullptr);
        _exit(code);
    }
    _exit(reap_until_gone(child));
}

}  // namespace

int run_isolated(const std::function<int()>& body) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) != 0) {
        std::perror("integration tests need root: unshare");
        return 1;
    }
    pid_t init = fork();
    SALLYPORT_CHECK(init >= 0);
    if (init == 0) serve_as_init(body);
    int status = 0;
    waitpid(init, &status, 0);
    return exit_code(status);
}

}  // namespace sallyport::integration
