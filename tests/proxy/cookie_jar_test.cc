#include "proxy/cookie_jar.h"

#include <gtest/gtest.h>

#include "proxy/limits.h"
#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

using std::chrono::seconds;

const CookieTime kNow = CookieTime(seconds(1'800'000'000));

CookiePlace at(std::string_view path, std::string_view host = "x.dev", std::string_view credential = "one", bool is_secure = true) {
    return {credential, host, path, is_secure};
}

// "1.2.3.4.…": as long as is wanted, and never the same again.
std::string counted(std::size_t size) {
    std::string text;
    for (int i = 1; text.size() < size; ++i) text += std::to_string(i) + ".";
    return text.substr(0, size);
}

std::string sent(CookieJar& jar, const CookiePlace& place, const std::string& own = "", CookieTime now = kNow) {
    http::HeaderMap headers;
    if (!own.empty()) headers.add("Cookie", own);
    jar.add_to(headers, place, now);
    EXPECT_LE(headers.count("Cookie"), 1u);
    return std::string(headers.get("Cookie").value_or(""));
}

TEST(CookieJar, R11_WhatWasSetBesideACredentialIsSentBesideIt) {
    CookieJar jar;
    jar.store(at("/login"), "sid=marker-session", kNow);
    EXPECT_EQ(sent(jar, at("/repos")), "sid=marker-session");
}

TEST(CookieJar, R11_AndBesideNoOtherCredentialAndToNoOtherHost) {
    CookieJar jar;
    jar.store(at("/"), "sid=1; Domain=x.dev", kNow);
    EXPECT_EQ(sent(jar, at("/", "x.dev", "two")), "");
    EXPECT_EQ(sent(jar, at("/", "api.x.dev")), "") << "a Domain is the host alone";
    EXPECT_EQ(sent(jar, at("/", "notx.dev")), "");
}

TEST(CookieJar, SendsLongerPathsFirstAndThenOlderCookies) {
    CookieJar jar;
    jar.store(at("/"), "a=1; Path=/", kNow);
    jar.store(at("/"), "b=2; Path=/", kNow);
    jar.store(at("/"), "c=3; Path=/api", kNow);
    jar.store(at("/"), "a=4; Path=/", kNow);
    EXPECT_EQ(sent(jar, at("/api/x")), "c=3; a=4; b=2");
    EXPECT_EQ(sent(jar, at("/apix")), "a=4; b=2");
}

TEST(CookieJar, SecureCookiesStayWithTls) {
    CookieJar jar;
    jar.store(at("/"), "a=1; Secure", kNow);
    jar.store(at("/"), "b=2", kNow);
    jar.store(at("/", "x.dev", "one", false), "c=3; Secure", kNow);
    jar.store(at("/", "x.dev", "one", false), "a=fixated", kNow);
    EXPECT_EQ(sent(jar, at("/")), "a=1; b=2");
    EXPECT_EQ(sent(jar, at("/", "x.dev", "one", false)), "b=2");
}

TEST(CookieJar, ACookieOfAnotherHostsDomainIsDropped) {
    CookieJar jar;
    jar.store(at("/"), "a=1; Domain=y.dev", kNow);
    EXPECT_TRUE(jar.empty());
}

TEST(CookieJar, CookiesEndWithTheirTimeAndWhenTheyAreTakenBack) {
    CookieJar jar;
    jar.store(at("/"), "a=1; Max-Age=60", kNow);
    jar.store(at("/"), "b=2", kNow);
    EXPECT_EQ(sent(jar, at("/"), "", kNow + seconds(59)), "a=1; b=2");
    EXPECT_EQ(sent(jar, at("/"), "", kNow + seconds(60)), "b=2");
    jar.store(at("/"), "b=; Max-Age=0", kNow);
    EXPECT_TRUE(jar.empty());
}

TEST(CookieJar, TheCredentialsOwnCookieStands) {
    CookieJar jar;
    jar.store(at("/"), "sid=fixated", kNow);
    jar.store(at("/"), "other=1", kNow);
    EXPECT_EQ(sent(jar, at("/"), "sid=marker; x=y"), "sid=marker; x=y; other=1");
    EXPECT_EQ(sent(jar, at("/"), "xsid=1"), "xsid=1; sid=fixated; other=1");
}

TEST(CookieJar, R11_ValuesThatAreNoWordsMustNotComeBack) {
    CookieJar jar;
    EXPECT_EQ(jar.needles("one"), nullptr);
    jar.store(at("/"), "theme=dark; Path=/", kNow);
    EXPECT_EQ(jar.needles("one"), nullptr);
    jar.store(at("/"), "sid=0123456789abcdef", kNow);
    const auto needles = jar.needles("one");
    ASSERT_NE(needles, nullptr);
    jar.store(at("/"), "sid=0123456789abcdef; Max-Age=60", kNow);
    EXPECT_EQ(jar.needles("one"), needles) << "made once";
    EXPECT_EQ(rules::scrub_whole(needles, "dark 0123456789abcdef"), "dark ****************");
    EXPECT_EQ(jar.needles("two"), nullptr);
    jar.store(at("/"), "sid=fedcba9876543210", kNow);
    EXPECT_EQ(rules::scrub_whole(jar.needles("one"), "fedcba9876543210"), "****************");
}

TEST(CookieJar, R11_DoesNotOutliveItsCredential) {
    CookieJar jar;
    jar.store(at("/"), "a=1", kNow);
    jar.store(at("/", "x.dev", "two"), "b=2", kNow);
    jar.keep_only([](std::string_view credential) { return credential == "two"; });
    EXPECT_EQ(sent(jar, at("/")), "");
    EXPECT_EQ(sent(jar, at("/", "x.dev", "two")), "b=2");
}

TEST(CookieJar, R4_AValueThatWouldKeepAWorkerBusyIsNotKept) {
    CookieJar jar;
    jar.store(at("/"), "a=" + std::string(1000, 'a'), kNow);
    jar.store(at("/"), "b=" + std::string(500, 'a') + counted(500), kNow);
    std::string mixed;
    while (mixed.size() < 1000) mixed += mixed.size() % 2 == 0 ? "aB" : "Ab";
    jar.store(at("/"), "c=" + mixed, kNow);
    EXPECT_EQ(jar.size(), 0u);
    jar.store(at("/"), "d=" + std::string(16, '0'), kNow);
    jar.store(at("/"), "e=" + counted(1000), kNow);
    jar.store(at("/"), "f=x" + std::string(1000, 'A'), kNow);
    EXPECT_EQ(jar.size(), 3u) << "none of these begins again";
    for (int i = 0; i < 20; ++i) jar.store(at("/"), "g" + std::to_string(i) + "=" + std::string(30, 'g') + counted(30), kNow);
    EXPECT_LE(jar.size(), 2u + 2u) << "nor do many of them add up";
}

TEST(CookieJar, IsBoundedAndForgetsWhatWasUsedLongestAgo) {
    CookieJar jar;
    for (std::size_t i = 0; i < kCookiesPerCredentialMax; ++i) jar.store(at("/"), "c" + std::to_string(i) + "=1; Path=/p" + std::to_string(i), kNow);
    EXPECT_EQ(sent(jar, at("/p0")), "c0=1");
    jar.store(at("/"), "new=1; Path=/new", kNow);
    EXPECT_EQ(jar.size(), kCookiesPerCredentialMax);
    EXPECT_EQ(sent(jar, at("/p0")), "c0=1");
    EXPECT_EQ(sent(jar, at("/p1")), "");
    jar.store(at("/"), "big=" + counted(kCookieBytesMax), kNow);
    EXPECT_EQ(sent(jar, at("/big")).find("big"), std::string::npos);
    for (std::size_t i = 0; i < 2 * kCookiesPerCredentialMax; ++i) {
        jar.store(at("/"), "l" + std::to_string(i) + "=" + counted(kCookieBytesMax - 100), kNow);
    }
    EXPECT_LE(jar.size(), kCookieBytesPerCredentialMax / (kCookieBytesMax - 100));
}

}  // namespace
}  // namespace sallyport::proxy
