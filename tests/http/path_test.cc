#include "http/path.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sallyport::http {
namespace {

using namespace std::string_literals;

struct Case {
    const char* raw;
    const char* path;
    bool ambiguous;
};

const Case kCases[] = {
    {"/", "/", false},
    {"/a/b", "/a/b", false},
    {"/a/b/", "/a/b/", false},
    {"/a;b=c/d,e/:@!$&'()*+", "/a;b=c/d,e/:@!$&'()*+", false},
    {"/.git/config", "/.git/config", false},
    {"/.../a", "/.../a", false},
    {"/a/..b", "/a/..b", false},
    {"/a.", "/a.", false},
    // One spelling for each byte.
    {"/%61%7e%2D%5f", "/a~-_", false},
    {"/%7E%41", "/~A", false},
    {"/a%20b%3a", "/a%20b%3A", false},
    {"/%c3%a4", "/%C3%A4", false},
    {"/a|b{c}", "/a%7Cb%7Bc%7D", false},
    {"/[a]\"<>^`", "/%5Ba%5D%22%3C%3E%5E%60", false},
    {"/%3Fa%23", "/%3Fa%23", false},
    {"/100%25", "/100%25", false},
    {"/100%25/a", "/100%25/a", false},
    {"/100%25zz", "/100%25zz", false},
    {"/%f0%9f%98%80", "/%F0%9F%98%80", false},
    // Dots.
    {"/.", "/", true},
    {"/..", "/", true},
    {"/./", "/", true},
    {"/../", "/", true},
    {"/a/./b", "/a/b", true},
    {"/a/../b", "/b", true},
    {"/a/b/..", "/a/", true},
    {"/a/b/.", "/a/b/", true},
    {"/a/b/../..", "/", true},
    {"/../../a", "/a", true},
    {"/a/%2e%2e/b", "/b", true},
    {"/a/%2E./b", "/b", true},
    {"/a/.%2e/b", "/b", true},
    {"/a/%2e/b", "/a/b", true},
    {"/a/..;/b", "/a/..;/b", true},
    {"/a/..;x=y/b", "/a/..;x=y/b", true},
    {"/a/.;/b", "/a/.;/b", true},
    {"/a/%2e%2e;/b", "/a/..;/b", true},
    {"/a/%2e%2e%3b/b", "/a/..%3B/b", true},
    {"/a/..%3bx", "/a/..%3Bx", true},
    {"/a/..%2fb", "/a/..%2Fb", true},
    {"/a/..%5cb", "/a/..%5Cb", true},
    {"/a/..%00/b", "/a/..%00/b", true},
    {"/a/..%0d/b", "/a/..%0D/b", true},
    // Slashes.
    {"//", "/", true},
    {"//a", "/a", true},
    {"/a//b", "/a/b", true},
    {"/a///b//", "/a/b/", true},
    {"/a%2fb", "/a%2Fb", true},
    {"/a%2Fb", "/a%2Fb", true},
    {"/a\\b", "/a%5Cb", true},
    {"/a%5cb", "/a%5Cb", true},
    {"/\\evil.example/", "/%5Cevil.example/", true},
    // Twice encoded, also where the digits are.
    {"/%252e%252e/a", "/%252e%252e/a", true},
    {"/%25%32%65/a", "/%252e/a", true},
    {"/%2525", "/%2525", true},
    {"/%252F", "/%252F", true},
    {"/%25%33g", "/%253g", false},
    // Controls and bad UTF-8.
    {"/a%00", "/a%00", true},
    {"/a%0a", "/a%0A", true},
    {"/a%1f", "/a%1F", true},
    {"/a%7f", "/a%7F", true},
    {"/a%80", "/a%80", true},
    {"/a%c3", "/a%C3", true},
    {"/a%c3/%a4", "/a%C3/%A4", true},
    {"/a%c3b", "/a%C3b", true},
    {"/%c0%af", "/%C0%AF", true},
    {"/%c1%9c", "/%C1%9C", true},
    {"/%e0%80%af", "/%E0%80%AF", true},
    {"/%f0%80%80%af", "/%F0%80%80%AF", true},
    {"/%ed%a0%80", "/%ED%A0%80", true},
    {"/%f4%90%80%80", "/%F4%90%80%80", true},
    {"/%ff", "/%FF", true},
};

TEST(CanonicalTarget, HasOnePathForEachSpelling) {
    for (const Case& c : kCases) {
        const auto target = canonical_target(c.raw);
        ASSERT_TRUE(target) << c.raw;
        EXPECT_EQ(target->path, c.path) << c.raw;
        EXPECT_EQ(target->raw_path, c.raw);
        EXPECT_EQ(target->ambiguous, c.ambiguous) << c.raw;
        EXPECT_FALSE(target->has_query);
        EXPECT_EQ(canonical_target(target->path)->path, target->path) << c.raw;
    }
}

TEST(CanonicalTarget, KeepsTheQueryAsItIs) {
    const auto target = canonical_target("/%61/?b=%2e%2e/../%61//?c");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a/");
    EXPECT_EQ(target->raw_path, "/%61/");
    EXPECT_EQ(target->query, "b=%2e%2e/../%61//?c");
    EXPECT_TRUE(target->has_query);
    EXPECT_FALSE(target->ambiguous);
    EXPECT_TRUE(canonical_target("/?")->has_query);
    EXPECT_EQ(canonical_target("/?")->query, "");
}

TEST(CanonicalTarget, RefusesWhatNoTargetHolds) {
    for (const std::string& raw :
         {""s,      "a"s,    "*"s,     "?a"s,     "http://a/"s, "/#"s,    "/a#b"s,      "/?a#b"s,      "/ "s, "/a b"s,
          "/?a b"s, "/\t"s,  "/\0"s,   "/\r\n"s,  "/\x7f"s,     "/\x80"s, "/\xc3\xa4"s, "/?\xc3\xa4"s, "/%"s, "/%1"s,
          "/%zz"s,  "/%1z"s, "/%%41"s, "/a%?bc"s, "/a%4?1"s,    "/?%"s,   "/?a=%z1"s,   "/%u0041"s,    "\\a"s}) {
        const auto target = canonical_target(raw);
        EXPECT_FALSE(target) << raw;
        if (!target) {
            EXPECT_EQ(target.error().code, ErrorCode::bad_path) << raw;
        }
    }
}

TEST(CanonicalTarget, IsItsOwnCanonicalForm) {
    static const std::string kPieces[] = {"/",  "//",  ".", "..",  "%2e", "%2E", ";", "%3b", "a",   "%61", "%2f", "%5c",
                                          "\\", "%25", "%", "%c3", "%a4", "{",   "~", "%7e", "%00", "2e",  "?"};
    std::minstd_rand random(5);
    std::size_t good = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string raw = "/";
        for (std::size_t i = random() % 10; i > 0; --i) raw += kPieces[random() % std::size(kPieces)];
        const auto target = canonical_target(raw);
        if (!target) continue;
        ++good;
        const auto again = canonical_target(target->path);
        ASSERT_TRUE(again) << raw;
        ASSERT_EQ(again->path, target->path) << raw;
        ASSERT_EQ(again->path.find("//"), std::string::npos) << raw;
        ASSERT_EQ((again->path + "/").find("/../"), std::string::npos) << raw;
        ASSERT_EQ((again->path + "/").find("/./"), std::string::npos) << raw;
        if (!target->ambiguous) {
            ASSERT_FALSE(again->ambiguous) << raw;
        }
    }
    EXPECT_GT(good, 10'000u);
}

}  // namespace
}  // namespace sallyport::http
