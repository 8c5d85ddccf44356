#include "rules/network.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::string canonical(std::string_view text) {
    const auto network = parse_network(text);
    return network ? to_string(*network) : "";
}

bool holds(std::string_view network, std::string_view address) {
    return parse_network(network)->contains(*parse_ip(address));
}

TEST(Network, HasOneForm) {
    EXPECT_EQ(canonical("10.20.0.0/16"), "10.20.0.0/16");
    EXPECT_EQ(canonical("10.1.2.3"), "10.1.2.3/32");
    EXPECT_EQ(canonical("0.0.0.0/0"), "0.0.0.0/0");
    EXPECT_EQ(canonical("FD00:0::/8"), "fd00::/8");
    EXPECT_EQ(canonical("::1"), "::1/128");
    EXPECT_EQ(canonical("::ffff:10.0.0.0/104"), "10.0.0.0/8");
    EXPECT_EQ(canonical("64:ff9b::10.0.0.0/104"), "10.0.0.0/8");
}

TEST(Network, RefusesEveryOtherForm) {
    for (const auto* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0/8", "010.0.0.0/8",
          "0x0a.0.0.0/8", "10.0.0.1/8", "::/129", "fe80::1%eth0", "[::1]/128", "a/8", "10.0.0.0/8/8", "10.0.0.0/+8"}) {
        EXPECT_EQ(canonical(text), "") << text;
    }
}

TEST(Network, HoldsItsAddresses) {
    EXPECT_TRUE(holds("10.20.0.0/16", "10.20.255.255"));
    EXPECT_FALSE(holds("10.20.0.0/16", "10.21.0.0"));
    EXPECT_TRUE(holds("10.20.16.0/20", "10.20.31.1"));
    EXPECT_FALSE(holds("10.20.16.0/20", "10.20.32.1"));
    EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
    EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
    EXPECT_TRUE(holds("fd00::/8", "fdff::1"));
    EXPECT_FALSE(holds("fd00::/9", "fdff::1"));
    EXPECT_TRUE(holds("10.1.2.3", "10.1.2.3"));
    EXPECT_FALSE(holds("10.1.2.3", "10.1.2.2"));
}

}  // namespace
}  // namespace sallyport::rules
