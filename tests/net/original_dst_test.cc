#include "net/original_dst.h"

#include <gtest/gtest.h>

#include "tests/net/loopback.h"

namespace sallyport::net {
namespace {

// Redirected connections are seen in tests/sandbox and tests/integration, which have a namespace to redirect in.
TEST(OriginalDst, AConnectionToTheListenerItselfHasNone) {
    for (const char* address : {"127.0.0.1", "::1"}) {
        const auto [listener, port] = bind_loopback(SOCK_STREAM, address);
        const UniqueFd client = dial_loopback(port, SOCK_STREAM, address);
        const UniqueFd accepted(accept(listener.get(), nullptr, nullptr));
        ASSERT_TRUE(static_cast<bool>(accepted));
        const auto meant = original_destination(accepted.get());
        ASSERT_FALSE(meant) << address;
        EXPECT_EQ(meant.error().code, ErrorCode::system);
    }
}

TEST(OriginalDst, ASocketThatIsNoTcpConnectionHasNone) {
    const auto [left, right] = stream_pair();
    EXPECT_FALSE(original_destination(left.get()));
}

}  // namespace
}  // namespace sallyport::net
