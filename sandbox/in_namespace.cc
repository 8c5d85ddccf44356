#include "sandbox/in_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <thread>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

Result<void> on_own_thread(const NamespaceWork& work) {
    Result<void> result;
    std::thread thread([&result, &work] { result = work(); });
    thread.join();
    return result;
}

}  // namespace

Result<void> run_in_namespace(int netns, const NamespaceWork& work) {
    return on_own_thread([netns, &work]() -> Result<void> {
        if (::setns(netns, CLONE_NEWNET) < 0) return system_failure("setns");
        return work();
    });
}

Result<UniqueFd> run_in_new_namespace(const NamespaceWork& work) {
    UniqueFd netns;
    auto done = on_own_thread([&netns, &work]() -> Result<void> {
        if (::unshare(CLONE_NEWNET) < 0) return system_failure("unshare of the network namespace");
        netns.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        if (!netns) return system_failure("open /proc/thread-self/ns/net");
        return work();
    });
    if (!done) return failure(done.error());
    return netns;
}

}  // namespace sallyport::sandbox
