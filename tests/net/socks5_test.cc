#include "net/socks5.h"

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

std::string bytes_of(std::initializer_list<int> bytes) {
    std::string text;
    for (const int byte : bytes) text += static_cast<char>(byte);
    return text;
}

std::string request_for(int type, const std::string& address, int port = 443, int command = 1) {
    return bytes_of({5, command, 0, type}) + address + bytes_of({port >> 8, port & 255});
}
std::string named(const std::string& name) { return static_cast<char>(name.size()) + name; }

// Whole, and followed by something else; and every part of it is not complete yet.
template <class Read>
auto whole(Read read, const std::string& message) {
    for (std::size_t size = 0; size < message.size(); ++size) {
        const auto part = read(std::string_view(message).substr(0, size));
        EXPECT_TRUE(part && !part->has_value()) << size << " of " << message.size();
    }
    static std::string longer;  // views into it are looked at
    longer = message + "more";
    auto all = read(longer);
    EXPECT_TRUE(all && all->has_value());
    EXPECT_EQ((*all)->bytes, message.size());
    return **all;
}

TEST(Socks5, MethodsSayWhetherAPasswordIsOffered) {
    EXPECT_TRUE(whole(read_socks5_methods, bytes_of({5, 1, 2})).message.offers_password);
    EXPECT_TRUE(whole(read_socks5_methods, bytes_of({5, 3, 0, 1, 2})).message.offers_password);
    EXPECT_FALSE(whole(read_socks5_methods, bytes_of({5, 2, 0, 1})).message.offers_password);
    EXPECT_FALSE(whole(read_socks5_methods, bytes_of({5, 1, 0})).message.offers_password) << "what follows is no method";
    EXPECT_TRUE(whole(read_socks5_methods, bytes_of({5, 255}) + std::string(254, '\x80') + '\2').message.offers_password);
}

TEST(Socks5, ALoginIsTwoTextsOfAnyBytes) {
    const auto plain = whole(read_socks5_login, bytes_of({1, 3}) + "box" + bytes_of({6}) + "secret").message;
    EXPECT_EQ(plain.user, "box");
    EXPECT_EQ(plain.password, "secret");
    const auto empty = whole(read_socks5_login, bytes_of({1, 0, 0})).message;
    EXPECT_EQ(empty.user, "");
    EXPECT_EQ(empty.password, "");
    const std::string most(255, '\0');
    const auto large = whole(read_socks5_login, bytes_of({1, 255}) + most + bytes_of({255}) + most).message;
    EXPECT_EQ(large.user, most);
    EXPECT_EQ(large.password, most);
}

TEST(Socks5, ARequestNamesAHostOrAnAddress) {
    const auto name = whole(read_socks5_request, request_for(3, named("api.example.com"))).message;
    EXPECT_EQ(name.command, Socks5Request::kConnect);
    EXPECT_EQ(name.host, "api.example.com");
    EXPECT_EQ(name.port, 443);
    const auto v4 = whole(read_socks5_request, request_for(1, bytes_of({203, 0, 113, 9}), 65535)).message;
    EXPECT_EQ(v4.host, "203.0.113.9");
    EXPECT_EQ(v4.port, 65535);
    const auto v6 = whole(read_socks5_request, request_for(4, bytes_of({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), 0)).message;
    EXPECT_EQ(v6.host, "2001:db8::1");
    EXPECT_EQ(v6.port, 0);
    EXPECT_EQ(whole(read_socks5_request, request_for(3, named(std::string(255, '\0')))).message.host, std::string(255, '\0'));
}

TEST(Socks5, OtherCommandsAndAddressTypesAreTold) {
    for (const int command : {0, 2, 3, 0xf0, 255}) {
        EXPECT_EQ(whole(read_socks5_request, request_for(3, named("a.example"), 1, command)).message.command, command);
    }
    for (const int type : {0, 2, 5, 255}) {
        const auto read = read_socks5_request(bytes_of({5, 1, 0, type}) + "rest");
        ASSERT_TRUE(read && read->has_value()) << type;
        EXPECT_FALSE((*read)->message.is_known_address_type) << type;
    }
}

TEST(Socks5, WhatIsNoMessageIsRefusedAtOnce) {
    for (const auto& text : {bytes_of({4}), bytes_of({0}), bytes_of({5, 0}), std::string("GET / HTTP/1.1\r\n\r\n")}) {
        EXPECT_FALSE(read_socks5_methods(text)) << text;
    }
    for (const auto& text : {bytes_of({0}), bytes_of({5}), bytes_of({5, 1, 0, 3})}) EXPECT_FALSE(read_socks5_login(text));
    for (const auto& text : {bytes_of({4}), bytes_of({1, 1}), bytes_of({5, 1, 1}), bytes_of({5, 1, 0, 3, 0})}) {
        EXPECT_FALSE(read_socks5_request(text));
    }
}

TEST(Socks5, AnswersAreAsTheRfcHasThem) {
    EXPECT_EQ(socks5_method_choice(true), bytes_of({5, 2}));
    EXPECT_EQ(socks5_method_choice(false), bytes_of({5, 255}));
    EXPECT_EQ(socks5_login_answer(true), bytes_of({1, 0}));
    EXPECT_EQ(socks5_login_answer(false), bytes_of({1, 1}));
    EXPECT_EQ(socks5_answer(Socks5Reply::succeeded), bytes_of({5, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(socks5_answer(Socks5Reply::not_allowed), bytes_of({5, 2, 0, 1, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace sallyport::net
