#include "proxy/name_table.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::proxy {
namespace {

TEST(NameTable, AnAddressStandsForExactlyOneName) {
    NameTable names(100);
    const net::Address first = names.address_of("a.example");
    const net::Address second = names.address_of("b.example");
    EXPECT_NE(first, second);
    EXPECT_EQ(names.address_of("a.example"), first);
    EXPECT_EQ(names.name_of(first), "a.example");
    EXPECT_EQ(names.name_of(second), "b.example");
    EXPECT_TRUE(NameTable::is_synthetic(first));
}

TEST(NameTable, KnowsNoNameForAnyOtherAddress) {
    NameTable names(100);
    names.address_of("a.example");
    for (const char* text : {"198.18.0.1", "198.19.255.255", "203.0.113.1", "127.0.0.1", "2001:db8::1"}) {
        EXPECT_FALSE(names.name_of(*net::parse_address(text)).has_value()) << text;
    }
    EXPECT_TRUE(NameTable::is_synthetic(*net::parse_address("198.19.255.255")));
    EXPECT_FALSE(NameTable::is_synthetic(*net::parse_address("198.20.0.0")));
    EXPECT_FALSE(NameTable::is_synthetic(*net::parse_address("198.17.255.255")));
}

TEST(NameTable, IsBoundedAndForgetsTheLeastRecentlyUsedName) {
    NameTable names(3);
    const net::Address a = names.address_of("a");
    const net::Address b = names.address_of("b");
    names.address_of("c");
    names.address_of("a");
    const net::Address d = names.address_of("d");
    EXPECT_EQ(names.size(), 3u);
    EXPECT_FALSE(names.name_of(b).has_value());
    EXPECT_EQ(names.name_of(a), "a");
    EXPECT_NE(d, b) << "an address is not given to a second name while there are fresh ones";
}

TEST(NameTable, GivesDistinctAddressesToManyNames) {
    NameTable names(2000);
    std::set<net::Address> addresses;
    for (int i = 0; i < 2000; ++i) addresses.insert(names.address_of("host-" + std::to_string(i)));
    EXPECT_EQ(addresses.size(), 2000u);
}

}  // namespace
}  // namespace sallyport::proxy
