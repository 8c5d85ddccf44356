#include "cli/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace sallyport::cli {
namespace {

TEST(Signals, ArriveAsEventsWithTheirSender) {
    block_signals({SIGUSR1, SIGUSR2});
    net::Loop loop;
    std::vector<Signal> seen;
    const SignalWatch watch(loop, {SIGUSR1, SIGUSR2}, [&](Signal signal) {
        seen.push_back(signal);
        if (seen.size() == 2) loop.stop();
    });
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    loop.run();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].number + seen[1].number, SIGUSR1 + SIGUSR2);
    EXPECT_FALSE(seen[0].from_kernel);
}

}  // namespace
}  // namespace sallyport::cli
