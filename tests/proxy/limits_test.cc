#include "proxy/limits.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(Limits, EachSandboxHasItsShareOfTheDescriptors) {
    EXPECT_EQ(connections_per_sandbox(1'000'000, 1), kConnectionsMax);
    EXPECT_EQ(connections_per_sandbox(1024, 1), (1024 - kDescriptorsReserved) / 2);
    EXPECT_EQ(connections_per_sandbox(1024, 4), (1024 - kDescriptorsReserved) / 8);
    EXPECT_EQ(connections_per_sandbox(1024, 0), connections_per_sandbox(1024, 1));
    EXPECT_EQ(connections_per_sandbox(10, 100), kConnectionsMin);
}

TEST(Limits, DeadlinesScaleTogether) {
    const Deadlines scaled = Deadlines{}.scaled(0.5);
    EXPECT_EQ(scaled.greeting, Deadlines{}.greeting / 2);
    EXPECT_EQ(scaled.refused_greeting, Deadlines{}.refused_greeting / 2);
    EXPECT_EQ(scaled.drain, Deadlines{}.drain / 2);
}

}  // namespace
}  // namespace sallyport::proxy
