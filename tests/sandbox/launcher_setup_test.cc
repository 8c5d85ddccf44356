#include "sandbox/launcher_setup.h"

#include <signal.h>
#include <sys/prctl.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

// The child's exit status: 0 when every check held, else the number of the first that did not.
int failed_check(std::initializer_list<bool> checks) {
    int number = 1;
    for (const bool check : checks) {
        if (!check) return number;
        ++number;
    }
    return 0;
}

TEST(LauncherSetup, LeavesOnlyItsSocketsOpen) {
    ASSERT_ROOT();
    const UniqueFd calls(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd events(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int status = in_child([&] {
        prepare_launcher_process(calls.get(), events.get());
        ::_exit(failed_check({::fcntl(calls.get(), F_GETFD) >= 0, ::fcntl(events.get(), F_GETFD) >= 0,
                              ::fcntl(other.get(), F_GETFD) < 0, ::fcntl(STDERR_FILENO, F_GETFD) >= 0}));
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(LauncherSetup, IgnoresTheTerminalAndGivesUpWhatItDoesNotNeed) {
    ASSERT_ROOT();
    const UniqueFd calls(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd events(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int status = in_child([&] {
        prepare_launcher_process(calls.get(), events.get());
        ::raise(SIGINT);
        ::raise(SIGTERM);
        ::raise(SIGHUP);
        constexpr int kCapSysModule = 16;
        constexpr int kCapSysAdmin = 21;
        ::_exit(failed_check({::prctl(PR_GET_DUMPABLE) == 0, ::prctl(PR_CAPBSET_READ, kCapSysModule) == 0,
                              ::prctl(PR_CAPBSET_READ, kCapSysAdmin) == 1}));
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
