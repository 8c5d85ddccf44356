#include "proxy/set_cookie.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

using std::chrono::seconds;

const CookieTime kNow = CookieTime(seconds(1'800'000'000));

long long unix_seconds(CookieTime time) {
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

TEST(SetCookie, ReadsNameValueAndAttributes) {
    const auto cookie = parse_set_cookie(" sid = a=b ; Path=/api; Secure; HttpOnly; SameSite=Lax; Domain=.X.dev; Max-Age=60", kNow);
    ASSERT_TRUE(cookie);
    EXPECT_EQ(cookie->name, "sid");
    EXPECT_EQ(cookie->value, "a=b");
    EXPECT_EQ(cookie->path, "/api");
    EXPECT_EQ(cookie->domain, "X.dev");
    EXPECT_TRUE(cookie->is_secure);
    EXPECT_EQ(cookie->expires, kNow + seconds(60));
}

TEST(SetCookie, AttributesAreOptionalAndTheLastOfANameCounts) {
    const auto plain = parse_set_cookie("sid=1", kNow);
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->path || plain->domain || plain->is_secure || plain->expires);
    EXPECT_EQ(parse_set_cookie("sid=1; path=/a; PATH=/b", kNow)->path, "/b");
    EXPECT_FALSE(parse_set_cookie("sid=1; path=/a; path=b", kNow)->path) << "a path that is none is the default";
    EXPECT_EQ(parse_set_cookie("sid=", kNow)->value, "");
    EXPECT_EQ(parse_set_cookie("sid=\"q\"", kNow)->value, "\"q\"");
}

TEST(SetCookie, MaxAgeHasPrecedenceAndMayEndACookie) {
    EXPECT_EQ(parse_set_cookie("a=1; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNow)->expires, kNow + seconds(5));
    EXPECT_EQ(parse_set_cookie("a=1; Max-Age=0", kNow)->expires, CookieTime::min());
    EXPECT_EQ(parse_set_cookie("a=1; Max-Age=-7", kNow)->expires, CookieTime::min());
    EXPECT_FALSE(parse_set_cookie("a=1; Max-Age=soon", kNow)->expires);
    EXPECT_GT(*parse_set_cookie("a=1; Max-Age=99999999999999999999999", kNow)->expires, kNow);
}

TEST(SetCookie, WhatHasNoNameIsNone) {
    for (const char* field : {"", ";", "sid", "=1", " =1; Path=/", "; sid=1"}) EXPECT_FALSE(parse_set_cookie(field, kNow)) << field;
}

TEST(SetCookie, APrefixedNameKeepsItsPromise) {
    EXPECT_TRUE(parse_set_cookie("__Secure-a=1; Secure", kNow));
    EXPECT_FALSE(parse_set_cookie("__Secure-a=1", kNow));
    EXPECT_TRUE(parse_set_cookie("__Host-a=1; Secure; Path=/", kNow));
    EXPECT_FALSE(parse_set_cookie("__Host-a=1; Secure; Path=/x", kNow));
    EXPECT_FALSE(parse_set_cookie("__host-a=1; Secure; Path=/; Domain=x.dev", kNow));
    EXPECT_FALSE(parse_set_cookie("__Host-a=1; Path=/", kNow));
}

TEST(SetCookie, ReadsTheDatesThatServersWrite) {
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                             "06 nov 1994 8:49:37"}) {
        const auto date = parse_cookie_date(text);
        ASSERT_TRUE(date) << text;
        EXPECT_EQ(unix_seconds(*date), 784111777) << text;
    }
    EXPECT_EQ(unix_seconds(*parse_cookie_date("Thu, 01 Jan 1970 00:00:00 GMT")), 0);
    EXPECT_EQ(unix_seconds(*parse_cookie_date("Wed, 29 Feb 2040 12:00:00 GMT")), 2214129600);
    EXPECT_LT(*parse_cookie_date("Mon, 01 Jan 1900 00:00:00 GMT"), kNow);
    EXPECT_GT(*parse_cookie_date("Fri, 31 Dec 9999 23:59:59 GMT"), kNow);
    for (const char* text : {"", "tomorrow", "06 Nov 1994", "32 Nov 1994 08:49:37", "30 Feb 1994 08:49:37", "06 Nov 1994 24:00:00",
                             "06 Nov 1600 08:49:37", "Nov 1994 08:49:37"}) {
        EXPECT_FALSE(parse_cookie_date(text)) << text;
    }
}

TEST(SetCookie, PathsMatchAtSlashesOnly) {
    EXPECT_EQ(default_cookie_path("/a/b"), "/a");
    EXPECT_EQ(default_cookie_path("/a"), "/");
    EXPECT_EQ(default_cookie_path("/a/"), "/a");
    EXPECT_EQ(default_cookie_path("*"), "/");
    EXPECT_TRUE(cookie_path_matches("/", "/a"));
    EXPECT_TRUE(cookie_path_matches("/a", "/a"));
    EXPECT_TRUE(cookie_path_matches("/a", "/a/b"));
    EXPECT_TRUE(cookie_path_matches("/a/", "/a/b"));
    EXPECT_FALSE(cookie_path_matches("/a", "/ab"));
    EXPECT_FALSE(cookie_path_matches("/a/", "/a"));
    EXPECT_FALSE(cookie_path_matches("/a/b", "/a"));
}

TEST(SetCookie, DomainsMatchAtDotsOnly) {
    EXPECT_TRUE(cookie_domain_matches("X.dev", "x.dev"));
    EXPECT_TRUE(cookie_domain_matches("x.dev", "api.x.dev"));
    EXPECT_FALSE(cookie_domain_matches("x.dev", "notx.dev"));
    EXPECT_FALSE(cookie_domain_matches("api.x.dev", "x.dev"));
}

}  // namespace
}  // namespace sallyport::proxy
