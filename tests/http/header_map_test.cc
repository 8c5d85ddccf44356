#include "http/header_map.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

std::string text_of(const HeaderMap& map) {
    std::string text;
    for (const auto [name, value] : map) text += std::string(name) + "=" + std::string(value) + ";";
    return text;
}

TEST(HeaderMap, KeepsOrderAndSpelling) {
    HeaderMap map;
    map.add("X-b", "1");
    map.add("a", "");
    map.add("x-B", "2");
    EXPECT_EQ(text_of(map), "X-b=1;a=;x-B=2;");
    EXPECT_EQ(map.size(), 3u);
    EXPECT_EQ(map.at(2).value, "2");
}

TEST(HeaderMap, ComparesNamesWithoutCase) {
    HeaderMap map;
    map.add("Content-Type", "a");
    map.add("content-type", "b");
    EXPECT_EQ(map.get("CONTENT-TYPE"), "a");
    EXPECT_EQ(map.count("Content-type"), 2u);
    EXPECT_FALSE(map.has("Content-Typ"));
    EXPECT_FALSE(map.has("Content_Type"));
}

TEST(HeaderMap, FoldsLettersOnlyWhenItComparesNames) {
    EXPECT_TRUE(equals_ignoring_case("aZ-09", "Az-09"));
    EXPECT_FALSE(equals_ignoring_case("@", "`"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));
    EXPECT_FALSE(equals_ignoring_case("-", "\r"));
    EXPECT_FALSE(equals_ignoring_case("\xc0", "\xe0"));
}

TEST(HeaderMap, SetReplacesEveryFieldOfThatName) {
    HeaderMap map;
    map.add("A", "1");
    map.add("B", "2");
    map.add("a", "3");
    map.set("A", "4");
    EXPECT_EQ(text_of(map), "B=2;A=4;");
    EXPECT_EQ(map.remove("A"), 1u);
    EXPECT_EQ(map.remove("A"), 0u);
    EXPECT_EQ(text_of(map), "B=2;");
}

TEST(HeaderMap, RemovesByPredicate) {
    HeaderMap map;
    for (int i = 0; i < 10; ++i) map.add("n" + std::to_string(i), std::to_string(i));
    EXPECT_EQ(map.remove_if([](const HeaderMap::Field& field) { return field.value > "4"; }), 5u);
    EXPECT_EQ(text_of(map), "n0=0;n1=1;n2=2;n3=3;n4=4;");
}

TEST(HeaderMap, TakesViewsIntoItself) {
    HeaderMap map;
    map.add("name", std::string(1000, 'v'));
    for (int i = 0; i < 40; ++i) {
        const HeaderMap::Field field = map.at(map.size() - 1);
        map.add(field.name, field.value);
    }
    for (const auto [name, value] : map) {
        EXPECT_EQ(name, "name");
        EXPECT_EQ(value, std::string(1000, 'v'));
    }
    map.set("name", map.at(7).value);
    EXPECT_EQ(map.size(), 1u);
    EXPECT_EQ(map.get("name"), std::string(1000, 'v'));
}

TEST(HeaderMap, AllocatesNothingWhenFilledAgain) {
    HeaderMap map;
    map.add("name", std::string(5000, 'v'));
    const char* const first = map.at(0).name.data();
    for (int round = 0; round < 3; ++round) {
        map.clear();
        EXPECT_TRUE(map.empty());
        map.add("name", std::string(5000, 'w'));
        EXPECT_EQ(map.at(0).name.data(), first);
    }
}

TEST(HeaderMap, WipesWhatItHeldBefore) {
    HeaderMap map;
    map.add("authorization", "Bearer 0123456789abcdef0123456789abcdef");
    const std::string_view value = *map.get("authorization");
    map.remove("authorization");
    map.wipe();
    EXPECT_TRUE(map.empty());
    // The block is still the map's own: it keeps its memory.
    EXPECT_EQ(std::string(value), std::string(value.size(), '\0'));
}

TEST(HeaderMap, KnowsItsSizeOnTheWire) {
    HeaderMap map;
    EXPECT_EQ(map.wire_size(), 0u);
    map.add("A", "1");
    map.add("Bc", "");
    EXPECT_EQ(map.wire_size(), std::string("A: 1\r\nBc: \r\n").size());
    map.remove("A");
    EXPECT_EQ(map.wire_size(), std::string("Bc: \r\n").size());
}

}  // namespace
}  // namespace sallyport::http
