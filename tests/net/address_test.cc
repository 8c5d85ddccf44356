#include "net/address.h"

#include <gmock/gmock.h>
#include <netinet/in.h>

namespace sallyport::net {
namespace {

Address at(std::string_view text) { return parse_address(text).value(); }

TEST(Address, ReadsAndWritesText) {
    for (const char* text : {"0.0.0.0", "1.2.3.4", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1",
                             "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address.has_value()) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    EXPECT_EQ(to_string(at("2001:DB8:0:0:0:0:0:A")), "2001:db8::a");
}

TEST(Address, RefusesEveryOtherSpelling) {
    for (const std::string_view text :
         {"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "0x7f.0.0.1", "0x7f000001", "2130706433", "127.1",
          "017700000001", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "1.2.3.4/32", "[::1]", "fe80::1%lo", ":::", "1::2::3",
          "::12345", "1:2:3:4:5:6:7", "::1 ", "1.2.3.", ".1.2.3", "-1.2.3.4", "+1.2.3.4", "a.b.c.d", "localhost"}) {
        EXPECT_FALSE(parse_address(text).has_value()) << text;
    }
    EXPECT_FALSE(parse_address(std::string_view("1.2.3.4\0.evil", 13)).has_value());
}

TEST(Address, IsWrittenWithItsPort) {
    EXPECT_EQ(to_string(Endpoint{at("1.2.3.4"), 80}), "1.2.3.4:80");
    EXPECT_EQ(to_string(Endpoint{at("2001:db8::1"), 443}), "[2001:db8::1]:443");
}

TEST(Address, GoesThroughSockaddr) {
    for (const Endpoint& endpoint : {Endpoint{at("1.2.3.4"), 80}, Endpoint{at("2001:db8::1"), 65535}}) {
        sockaddr_storage storage;
        const socklen_t size = to_sockaddr(endpoint, storage);
        EXPECT_EQ(size, endpoint.address.is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        EXPECT_EQ(from_sockaddr(storage), endpoint);
    }
    sockaddr_storage unix_socket{};
    unix_socket.ss_family = AF_UNIX;
    EXPECT_EQ(from_sockaddr(unix_socket), std::nullopt);
}

TEST(Address, FoldsIpv4OutOfIpv6) {
    const struct {
        const char* from;
        const char* to;
    } cases[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::1.2.3.4", "1.2.3.4"},
        {"64:ff9b::1.2.3.4", "1.2.3.4"},
        {"64:ff9b:1::1.2.3.4", "1.2.3.4"},
        {"64:ff9b:1:102:3:400::", "1.2.3.4"},  // RFC 6052's place in a /48
        {"2002:102:304::1", "1.2.3.4"},
        {"::", "::"},
        {"::1", "::1"},
        {"::2", "0.0.0.2"},
        {"2001:db8::1.2.3.4", "2001:db8::102:304"},
        {"::ffff:0:1.2.3.4", "::ffff:0:102:304"},
        {"64:ff9b:2::1.2.3.4", "64:ff9b:2::102:304"},
    };
    for (const auto& [from, to] : cases) EXPECT_EQ(to_string(fold(at(from))), to) << from;
}

TEST(Network, ReadsPrefixes) {
    const struct {
        const char* text;
        int bits;
    } cases[] = {{"10.20.0.0/16", 16}, {"1.2.3.4", 32}, {"0.0.0.0/0", 0}, {"::/0", 0}, {"fd00::/8", 8}, {"::1", 128}};
    for (const auto& [text, bits] : cases) {
        const auto network = parse_network(text);
        ASSERT_TRUE(network.has_value()) << text;
        EXPECT_EQ(network->prefix_bits, bits) << text;
    }
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
                             "10.0.0.0/8/8", "10.0.0.0/4294967304", "10/8", "10.0.0.0/0x8"}) {
        EXPECT_FALSE(parse_network(text).has_value()) << text;
    }
}

TEST(Network, ContainsWhatSharesItsPrefix) {
    const struct {
        const char* network;
        const char* address;
        bool contains;
    } cases[] = {
        {"10.20.0.0/16", "10.20.255.255", true},     {"10.20.0.0/16", "10.21.0.0", false},
        {"10.20.30.40/16", "10.20.0.1", true},       {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},      {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},               {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},                 {"::/0", "1.2.3.4", false},
        {"::/0", "ffff::", true},                    {"2000::/3", "3fff:ffff::", true},
        {"2000::/3", "4000::", false},               {"fd00:ec2::254", "fd00:ec2::254", true},
        {"1.2.3.0/31", "1.2.3.1", true},             {"1.2.3.0/31", "1.2.3.2", false},
    };
    for (const auto& [network, address, expected] : cases) {
        EXPECT_EQ(contains(*parse_network(network), at(address)), expected) << network << " " << address;
    }
}

TEST(PrivateAddress, IsEveryRangeThatIsNotThePublicInternet) {
    for (const char* text : {
             // First and last of each.
             "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
             "100.100.100.200", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254",
             "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.168.0.0",
             "192.168.255.255", "198.18.0.0", "198.19.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0",
             "255.255.255.255",
             // IPv6 of its own.
             "::", "::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1",
             "ffff::1", "100::1", "200::1", "1fff::1", "4000::1", "5f00::1", "8000::1", "e000::1",
             "2001::1", "2001:0:1234::1", "2001:10::1", "2001:20::1", "2001:1ff::1",
             // IPv4 inside.
             "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.1.2.3", "::2",
             "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::192.168.0.1", "64:ff9b:1:a00:0:100::",
             "64:ff9b:1:a00:0:100:808:808", "64:ff9b:1::", "2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1",
             "::ffff:0:8.8.8.8", "64:ff9b:2::8.8.8.8",
         }) {
        EXPECT_TRUE(is_private(at(text))) << text;
    }
}

TEST(PrivateAddress, IsNotThePublicInternet) {
    for (const char* text : {
             "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
             "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0",
             "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.167.255.255", "192.169.0.0",
             "198.17.255.255", "198.20.0.0", "223.255.255.255",
             // Documentation.
             "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1",
             "2000::1", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1", "3fff:ffff::1",
             "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:1:808:8:800::",
             "2002:808:808::1",
         }) {
        EXPECT_FALSE(is_private(at(text))) << text;
    }
}

TEST(OwnAddresses, HaveTheLoopback) { EXPECT_THAT(own_addresses(), testing::Contains(at("127.0.0.1"))); }

}  // namespace
}  // namespace sallyport::net
