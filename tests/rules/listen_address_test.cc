#include "rules/listen_address.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
    const auto v4 = parse_listen_address("127.0.0.1:8443");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->address, *parse_ip("127.0.0.1"));
    EXPECT_EQ(v4->port, 8443);
    const auto v6 = parse_listen_address("[::1]:0");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->address, *parse_ip("::1"));
    EXPECT_EQ(v6->port, 0);
    for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "localhost:80", "::1:80", "127.0.0.1:65536", "127.0.0.1:80a",
                             "127.0.0.1: 80", "[::1]", "/run/a.sock", "127.1:80"}) {
        EXPECT_FALSE(parse_listen_address(text)) << text;
    }
}

TEST(ListenAddress, LoopbackIsAllOf127AndOneOfIpv6) {
    for (const char* text : {"127.0.0.1", "127.255.0.9", "::1"}) EXPECT_TRUE(is_loopback(*parse_ip(text))) << text;
    for (const char* text : {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "fe80::1"}) {
        EXPECT_FALSE(is_loopback(*parse_ip(text))) << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
