#include "proxy/name_server.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

std::string query(std::string_view name, std::uint16_t type, std::uint16_t klass = 1) {
    std::string packet = {'\x12', '\x34', '\x01', '\0', '\0', '\x01', '\0', '\0', '\0', '\0', '\0', '\0'};
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        packet += static_cast<char>(dot);
        packet += name.substr(0, dot);
        name.remove_prefix(std::min(name.size(), dot + 1));
    }
    packet += '\0';
    for (const std::uint16_t number : {type, klass}) {
        packet += static_cast<char>(number >> 8);
        packet += static_cast<char>(number & 0xff);
    }
    return packet;
}

int code_of(const std::string& answer) { return answer.at(3) & 15; }
int records_in(const std::string& answer) { return answer.at(7); }

TEST(NameServer, GivesEveryNameASyntheticAddress) {
    NameTable names(10);
    const std::string answer = answer_dns(query("API.Example.com", 1), names);
    ASSERT_EQ(records_in(answer), 1);
    const std::string address = answer.substr(answer.size() - 4);
    EXPECT_EQ(address.substr(0, 2), "\xc6\x12");
    EXPECT_EQ(names.size(), 1u);
    EXPECT_EQ(names.address_of("api.example.com").bytes[3], static_cast<unsigned char>(address[3]));
}

TEST(NameServer, DeniedAndUnknownNamesLookLikeAllowedOnes) {
    NameTable names(10);
    const std::string one = answer_dns(query("aa.example", 1), names);
    const std::string other = answer_dns(query("bb.example", 1), names);
    EXPECT_EQ(one.size(), other.size());
    EXPECT_EQ(code_of(one), code_of(other));
}

// P2, P3: other record types are no channel and no way round.
TEST(NameServer, AnswersEveryOtherTypeWithNoData) {
    NameTable names(10);
    for (const int type : {28, 64, 65, 16, 15, 33, 2, 6, 5, 257}) {
        const std::string answer = answer_dns(query("api.example.com", static_cast<std::uint16_t>(type)), names);
        EXPECT_EQ(records_in(answer), 0) << type;
        EXPECT_EQ(code_of(answer), 0) << type;
    }
    EXPECT_EQ(names.size(), 0u);
}

TEST(NameServer, RefusesWhatIsNoName) {
    NameTable names(10);
    EXPECT_EQ(code_of(answer_dns(query("a b.example", 1), names)), 3);
    EXPECT_EQ(code_of(answer_dns(query("127.1", 1), names)), 3);
    EXPECT_EQ(code_of(answer_dns(query("x.example", 1, 3), names)), 5);
    EXPECT_EQ(answer_dns("", names), "");
    EXPECT_EQ(answer_dns("\x01", names), "");
    EXPECT_EQ(names.size(), 0u);
}

TEST(NameServer, TellsTheNameBehindASyntheticAddress) {
    NameTable names(10);
    const net::Address address = names.address_of("api.example.com");
    const std::string reverse = std::to_string(address.bytes[3]) + "." + std::to_string(address.bytes[2]) + ".18.198.in-addr.arpa";
    EXPECT_NE(answer_dns(query(reverse, 12), names).find("\x03"  "api\x07" "example\x03" "com"), std::string::npos);
    EXPECT_EQ(code_of(answer_dns(query("8.8.8.8.in-addr.arpa", 12), names)), 3);
}

TEST(NameServer, LocalhostIsLoopback) {
    NameTable names(10);
    const std::string answer = answer_dns(query("localhost", 1), names);
    EXPECT_EQ(answer.substr(answer.size() - 4), std::string("\x7f\0\0\1", 4));
    EXPECT_EQ(records_in(answer_dns(query("x.localhost", 28), names)), 1);
}

}  // namespace
}  // namespace sallyport::proxy
