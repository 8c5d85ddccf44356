#include "proxy/own_addresses.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(OwnAddresses, TheMachinesOwnAddressesAreKnownInEveryForm) {
    net::Loop loop;
    OwnAddresses own(loop);
    EXPECT_TRUE(own.contains(*net::parse_address("127.0.0.1")));
    EXPECT_TRUE(own.contains(*net::parse_address("::ffff:127.0.0.1")));
    EXPECT_FALSE(own.contains(*net::parse_address("203.0.113.200")));
}

}  // namespace
}  // namespace sallyport::proxy
