#include "http/authority.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sallyport::http {
namespace {

using namespace std::string_literals;

struct Name {
    std::string input;
    std::string canonical;
};

const Name kNames[] = {
    {"a", "a"},
    {"example.com", "example.com"},
    {"EXAMPLE.Com", "example.com"},
    {"example.com.", "example.com"},
    {"_dmarc.ex_ample.com", "_dmarc.ex_ample.com"},
    {"r3---sn-abc.example", "r3---sn-abc.example"},
    {"127.0.0.1.example", "127.0.0.1.example"},
    {"1a", "1a"},
    {"0xg", "0xg"},
    {"a.0x1g", "a.0x1g"},
    {std::string(63, 'a') + ".b", std::string(63, 'a') + ".b"},
    // UTS-46: case, width, dots and compatibility forms are mapped; ß and final sigma stay (non-transitional).
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example"},
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},
    {"XN--BCHER-KVA.example.", "xn--bcher-kva.example"},
    {"fa\xc3\x9f.de", "xn--fa-hia.de"},
    {"\xef\xbd\x85\xef\xbd\x98\xef\xbd\x81\xef\xbd\x8d\xef\xbd\x90\xef\xbd\x8c\xef\xbd\x85.com", "example.com"},
    {"\xef\xbc\xa5xample\xe3\x80\x82"
     "com",
     "example.com"},
    {"example.com\xe3\x80\x82", "example.com"},
    {"example\xef\xbc\x8e"
     "com\xef\xbc\x8e",
     "example.com"},
    {"\xe2\x84\x82om.example", "com.example"},
    {"a\xc2\xad"
     "b.example",
     "ab.example"},
    {"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "xn--r8jz45g.xn--zckzah"},
};

const std::string kNoNames[] = {
    "", ".", "..", "a..b", ".a", "a..", "a. ", " a", "a b", "a\tb", "a\0b"s, "a\r\nb", "a,b", "a@b", "a#b", "a?b",
    "a\\b", "a/b", "a:80", "a%41", "%61", "a%2eb", "a*b", "*.a", "a[b", "[a]", "a\x7f", "a;b", "a=b", "a\"b", "a|b",
    "a~b", "a+b", "a!b", "a$b", "a&b", "a'b", "a(b)", "a`b", "a{b", "a<b", "a^b", "-a", "a-", "a.-b", "a-.b",
    std::string(64, 'a'), std::string(64, 'a') + ".b",
    "aaaaaaaaa." + std::string(60, 'a') + "." + std::string(60, 'a') + "." + std::string(60, 'a') + "." +
        std::string(61, 'a'),
    // Addresses in every spelling.
    "1", "127.1", "1.2.3.4", "1.2.3.4.", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "017700000001",
    "0177.0.0.1", "127.0.0.0x1", "0x", "a.0x", "a.1", "a.09", "0.0.0.0", "256.256.256.256", "1.2.3.4.5", "::1", "[::1]",
    "fe80::1%eth0", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1",
    "\xe2\x91\xa0.\xe2\x91\xa1.3.4", "127.0.0.\xc2\xb9",
    // What maps to a byte that no name has, and what is not mapped at all.
    "a\xef\xbc\x8f"
    "b",
    "a\xef\xbc\xa0"
    "b",
    "a\xef\xbc\x85"
    "41",
    "a\xe2\x84\x80"
    "b",
    "a\xef\xbc\x9a"
    "80",
    "a\xc2\xa0"
    "b",
    "a\xe2\x80\xae"
    "b",
    "\xef\xb8\x8f", "\xff\xfe", "a\xc3", "\xed\xa0\x80", "\xc0\xae\xc0\xae", "b\xc3\xbc@x", "b\xc3\xbc%41", "\xc2\xad",
    // A-labels that are nobody's.
    "xn--", "xn--a", "xn--example-", "xn--bcher-kv", "xn--zzzzzzzzz999999999", "xn--bcher-KVB.xn--", "a.xn--\xc3\xbc",
    "xn--fa-hia-.de", "xn--xn--bcher-kva-", std::string(2000, '\xc3')};

TEST(CanonicalHost, HasOneFormForEachName) {
    for (const Name& c : kNames) {
        const auto canonical = canonical_host(c.input);
        ASSERT_TRUE(canonical) << c.input;
        EXPECT_EQ(*canonical, c.canonical) << c.input;
        EXPECT_EQ(canonical_host(*canonical), *canonical) << c.input;
    }
}

TEST(CanonicalHost, RefusesWhatIsNoName) {
    for (const std::string& input : kNoNames) {
        const auto canonical = canonical_host(input);
        EXPECT_FALSE(canonical) << input << " -> " << canonical.value_or("");
        if (!canonical) {
            EXPECT_EQ(canonical.error().code, ErrorCode::bad_authority) << input;
        }
    }
}

TEST(CanonicalHost, IsItsOwnCanonicalForm) {
    static const std::string kPieces[] = {"a",
                                          "Z",
                                          "9",
                                          "-",
                                          "_",
                                          ".",
                                          "xn--",
                                          "bcher-kva",
                                          "\xc3\xbc",
                                          "\xe3\x80\x82",
                                          "\xef\xbc\xa1",
                                          "\xc3\x9f",
                                          "\xcf\x82",
                                          "\xe4\xbe\x8b",
                                          "0x",
                                          "1",
                                          "\xe2\x80\x8d",
                                          "\xef\xbd\x8e",
                                          "\xd7\x90",
                                          "\xd9\xa1"};
    std::minstd_rand random(7);
    std::size_t named = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string input;
        for (std::size_t i = 1 + random() % 6; i > 0; --i) input += kPieces[random() % std::size(kPieces)];
        const auto canonical = canonical_host(input);
        if (!canonical) continue;
        ++named;
        ASSERT_EQ(canonical_host(*canonical), *canonical) << input;
        ASSERT_FALSE(canonical_ip_literal(*canonical)) << input;
        ASSERT_EQ(canonical->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_."), std::string::npos) << input;
    }
    EXPECT_GT(named, 1000u);
}

TEST(CanonicalIpLiteral, FoldsEverySpellingThatIsPlain) {
    const Name cases[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"::1", "::1"},
        {"::", "::"},
        {"[::1]", "::1"},
        {"[2001:DB8:0:0::0001]", "2001:db8::1"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"[::FFFF:a00:1]", "10.0.0.1"},
        {"::10.0.0.1", "10.0.0.1"},
        {"::7f00:1", "127.0.0.1"},
        {"::2", "0.0.0.2"},
        {"64:ff9b::a00:1", "10.0.0.1"},
        {"64:ff9b::10.0.0.1", "10.0.0.1"},
        {"64:ff9b:1::1", "64:ff9b:1::1"},
    };
    for (const Name& c : cases) {
        const auto canonical = canonical_ip_literal(c.input);
        EXPECT_EQ(canonical, c.canonical) << c.input;
        if (canonical) {
            EXPECT_EQ(canonical_ip_literal(*canonical), canonical) << c.input;
        }
    }
}

TEST(CanonicalIpLiteral, TakesNothingElse) {
    for (const std::string& input : {""s,
                                     "1"s,
                                     "127.1"s,
                                     "01.2.3.4"s,
                                     "0x7f.0.0.1"s,
                                     "1.2.3.4."s,
                                     "1.2.3.4.5"s,
                                     "1.2.3"s,
                                     "256.1.1.1"s,
                                     " 1.2.3.4"s,
                                     "1.2.3.4 "s,
                                     "1.2.3.4\0"s,
                                     "[1.2.3.4]"s,
                                     "[]"s,
                                     "[::1"s,
                                     "::1]"s,
                                     "[[::1]]"s,
                                     "fe80::1%eth0"s,
                                     "[fe80::1%251]"s,
                                     "1::2::3"s,
                                     ":::"s,
                                     "12345::"s,
                                     "::g"s,
                                     "example.com"s,
                                     std::string(100, ':'),
                                     "::ffff:1.2.3.4.5"s}) {
        EXPECT_FALSE(canonical_ip_literal(input)) << input;
    }
}

struct Text {
    std::string input;
    Scheme scheme;
    Authority authority;
    std::string written;
};

TEST(ParseAuthority, ReadsHostAndPort) {
    const Text cases[] = {
        {"example.com", Scheme::https, {"example.com", 443, false}, "example.com"},
        {"example.com", Scheme::http, {"example.com", 80, false}, "example.com"},
        {"EXAMPLE.com.:443", Scheme::https, {"example.com", 443, false}, "example.com"},
        {"example.com:443", Scheme::http, {"example.com", 443, false}, "example.com:443"},
        {"example.com:65535", Scheme::https, {"example.com", 65535, false}, "example.com:65535"},
        {"1.2.3.4:8080", Scheme::http, {"1.2.3.4", 8080, true}, "1.2.3.4:8080"},
        {"[::1]", Scheme::http, {"::1", 80, true}, "[::1]"},
        {"[2001:DB8::1]:81", Scheme::http, {"2001:db8::1", 81, true}, "[2001:db8::1]:81"},
        {"[::ffff:1.2.3.4]", Scheme::https, {"1.2.3.4", 443, true}, "1.2.3.4"},
        {"a1", Scheme::https, {"a1", 443, false}, "a1"},
    };
    for (const Text& c : cases) {
        const auto authority = parse_authority(c.input, c.scheme);
        ASSERT_TRUE(authority) << c.input;
        EXPECT_EQ(*authority, c.authority) << c.input;
        EXPECT_EQ(to_string(*authority, c.scheme), c.written);
        EXPECT_EQ(parse_authority(c.written, c.scheme), *authority);
    }
}

TEST(ParseAuthority, RefusesWhatIsNoAuthority) {
    for (const std::string& input : {""s,
                                     ":80"s,
                                     "a:"s,
                                     "a:0"s,
                                     "a:00080"s,
                                     "a:080"s,
                                     "a:65536"s,
                                     "a:99999"s,
                                     "a:100000"s,
                                     "a:-1"s,
                                     "a:+80"s,
                                     "a:80a"s,
                                     "a: 80"s,
                                     "a:80 "s,
                                     "a :80"s,
                                     "a:80:80"s,
                                     "u@a"s,
                                     "u:p@a"s,
                                     "a@b:80"s,
                                     "a/"s,
                                     "a/b"s,
                                     "a?b"s,
                                     "a#b"s,
                                     "a\\b"s,
                                     "a,b"s,
                                     "a, a"s,
                                     "a\0"s,
                                     "a\tb"s,
                                     "[::1"s,
                                     "[::1]a"s,
                                     "[::1]80"s,
                                     "[::1]:"s,
                                     "::1"s,
                                     "::1:80"s,
                                     "[]"s,
                                     "[]:80"s,
                                     "[a]"s,
                                     "[1.2.3.4]"s,
                                     "[fe80::1%eth0]"s,
                                     "[fe80::1%25eth0]"s,
                                     "127.1"s,
                                     "2130706433"s,
                                     "0x7f.1:80"s,
                                     "a%41"s,
                                     "http://a"s,
                                     "a:8\xef\xbc\x90"s,
                                     "a;b"s}) {
        const auto authority = parse_authority(input, Scheme::https);
        EXPECT_FALSE(authority) << input;
        if (!authority) {
            EXPECT_EQ(authority.error().code, ErrorCode::bad_authority);
        }
    }
}

}  // namespace
}  // namespace sallyport::http
