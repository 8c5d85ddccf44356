#include "sandbox/confine.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <thread>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

// Runs in a confined child; the test's own process stays free.
template <class Body>
int confined(Body body) {
    return in_child([&body] {
        if (!confine_this_process()) ::_exit(100);
        body();
    });
}

std::string status_field(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return "";
}

TEST(Confine, LeavesNoPrivilege) {
    const int status = confined([] {
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
            if (status_field(set) != "0000000000000000") ::_exit(1);
        }
        if (status_field("NoNewPrivs") != "1") ::_exit(2);
        if (::prctl(PR_GET_DUMPABLE) != 0) ::_exit(3);
        rlimit core{};
        if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) ::_exit(4);
        if (status_field("Seccomp") != "2") ::_exit(5);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Confine, LeavesWhatADaemonDoes) {
    const int status = confined([] {
        const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
        const UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const Endpoint any = endpoint("127.0.0.1", 0);
        epoll_event event{EPOLLIN, {}};
        if (::bind(server.get(), &any.any, size_of(any)) != 0 || ::listen(server.get(), 1) != 0) ::_exit(1);
        if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, server.get(), &event) != 0) ::_exit(2);
        std::thread client([to = endpoint("127.0.0.1", port_of(server))] {
            const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (::connect(fd.get(), &to.any, size_of(to)) != 0) ::_exit(3);
        });
        if (::epoll_wait(epoll.get(), &event, 1, kPatienceMs) != 1) ::_exit(4);
        client.join();
        if (content_of("/etc/hosts").empty()) ::_exit(5);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sallyport::sandbox
