#include "sandbox/launcher_setup.h"

#include <cap-ng.h>
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
        if (!prepare_launcher_process(calls.get(), events.get())) ::_exit(100);
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
        if (!prepare_launcher_process(calls.get(), events.get())) ::_exit(100);
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

// As in a container, whose root lacks most capabilities.
TEST(LauncherSetup, SaysWhichCapabilityIsMissing) {
    ASSERT_ROOT();
    const ScratchDir directory;
    const int status = in_child([&] {
        ::capng_setpid(::getpid());
        ::capng_get_caps_process();
        ::capng_update(CAPNG_DROP, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
                       CAP_NET_ADMIN);
        if (::capng_apply(CAPNG_SELECT_BOTH) != 0) ::_exit(1);
        const auto started = Launcher::start();
        if (started) ::_exit(2);
        directory.file("error", started.error().detail);
    });
    EXPECT_EQ(status, 0);
    const std::string error = content_of(directory.path() + "/error");
    EXPECT_THAT(error, ::testing::HasSubstr("needs root with CAP_SYS_ADMIN, CAP_NET_ADMIN, "));
    EXPECT_THAT(error, ::testing::HasSubstr("missing: CAP_NET_ADMIN ("));
}

}  // namespace
}  // namespace sallyport::sandbox
