#include "rules/place_pattern.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

bool holds(std::string_view pattern, const Origin& origin) {
    const auto place = parse_place_pattern(pattern);
    return place && place->holds(origin);
}

TEST(PlacePattern, IsAboutHostSchemeAndPort) {
    const Origin origin{http::Scheme::https, "api.example.com", false, 443};
    for (const auto* pattern :
         {"api.example.com", "https://API.example.com./**", "*.example.com/x", "api.example.com:443"}) {
        EXPECT_TRUE(holds(pattern, origin)) << pattern;
    }
    for (const auto* pattern : {"example.com", "http://api.example.com", "api.example.com:8443", "*.api.example.com"}) {
        EXPECT_FALSE(holds(pattern, origin)) << pattern;
    }
    EXPECT_TRUE(holds("http://a.example:8080/", {http::Scheme::http, "a.example", false, 8080}));
    EXPECT_TRUE(holds("http://a.example", {http::Scheme::http, "a.example", false, 80}));
}

TEST(PlacePattern, MayBeAnAddress) {
    EXPECT_TRUE(holds("10.0.0.1:8443/x", {http::Scheme::https, "10.0.0.1", true, 8443}));
    EXPECT_TRUE(holds("[2001:DB8::1]:8443", {http::Scheme::https, "2001:db8::1", true, 8443}));
    EXPECT_TRUE(holds("[2001:db8::1]", {http::Scheme::https, "2001:db8::1", true, 443}));
    EXPECT_FALSE(holds("10.0.0.1", {http::Scheme::https, "10.0.0.2", true, 443}));
    EXPECT_FALSE(holds("**", {http::Scheme::https, "10.0.0.2", true, 443}));
}

TEST(PlacePattern, EveryPathIsNoPathAtAll) {
    EXPECT_FALSE(parse_place_pattern("a.example")->path.has_value());
    EXPECT_FALSE(parse_place_pattern("a.example/**")->path.has_value());
    EXPECT_EQ(parse_place_pattern("a.example/%7Ea/*")->path->text(), "/~a/*");
}

TEST(PlacePattern, SaysWhatIsWrong) {
    const auto why = [](std::string_view text) {
        const auto place = parse_place_pattern(text);
        return place ? std::string("fine") : place.error().detail;
    };
    EXPECT_EQ(why("ftp://a.example"), "\"ftp://a.example\" is not a place: it is for https or http");
    EXPECT_EQ(why("a.example:0"), "\"a.example:0\" is not a place: a port is 1 to 65535");
    EXPECT_EQ(why("a.example:65536/"), "\"a.example:65536/\" is not a place: a port is 1 to 65535");
    EXPECT_EQ(why("a.example/?x"), "\"a.example/?x\" is not a place: the path ends before '?'");
    EXPECT_EQ(why("a.example/../x"), "\"a.example/../x\" is not a place: no request has such a path");
    EXPECT_NE(why("a..example"), "fine");
    EXPECT_NE(why(""), "fine");
}

}  // namespace
}  // namespace sallyport::rules
