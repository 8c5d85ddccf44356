#include "rules/json_scan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace sallyport::rules {
namespace {

bool is_json(std::string_view text) {
    JsonScan scan;
    for (const char c : text) {
        if (scan.feed(c) == JsonScan::Event::bad) return false;
    }
    return scan.finish();
}

// "key=…", "[", "]", "\"" for strings, in their order.
std::string events_of(std::string_view text) {
    JsonScan scan;
    std::string events;
    for (const char c : text) {
        switch (scan.feed(c)) {
            case JsonScan::Event::opens: events += scan.levels().back().is_array ? '[' : '{'; break;
            case JsonScan::Event::closes: events += ')'; break;
            case JsonScan::Event::key: events += scan.levels().back().key + ':'; break;
            case JsonScan::Event::string_begins: events += '"'; break;
            case JsonScan::Event::string_ends: events += '\''; break;
            case JsonScan::Event::other_begins: events += '#'; break;
            case JsonScan::Event::bad: return "bad";
            default: break;
        }
    }
    return scan.finish() ? events : "unfinished";
}

TEST(JsonScan, SaysWhatIsWhere) {
    EXPECT_EQ(events_of(R"( {"a" : [1, "x", {"b\u0063": null}], "" :"y"} )"), R"({a:[#"'{bc:#)):"'))");
    EXPECT_EQ(events_of("\"x\""), "\"'");
    EXPECT_EQ(events_of("-0.5e+7"), "#");
    EXPECT_EQ(events_of("[]"), "[)");
}

TEST(JsonScan, RefusesWhatParsersReadInDifferentWays) {
    for (const std::string text :
         {"", " ", "{", "[1", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1 2]", "{\"a\" 1}", "{\"a\":}", "// c\n1", "[1]//",
          "/**/1", "1 2", "{}{}", "\xef\xbb\xbf{}", "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "tru",
          "truex", "nul", "True", "\"\x01\"", "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\\", "\"a", "[\"\xff\"]", "[\"\xc0\xaf\"]",
          "[\"\xed\xa0\x80\"]", "[\"\xe2\x82\"]", "[\"\xf5\x80\x80\x80\"]", "{\"\\ud800\":1}", "{\"\\ud800x\":1}",
          "{\"\\udc00\":1}", "{\"\\ud800\\n\":1}", "]", "}", "[}", "{]", ","}) {
        EXPECT_FALSE(is_json(text)) << text;
    }
    EXPECT_FALSE(is_json(std::string("{\"a\":1}\0", 8)));
    EXPECT_FALSE(is_json(std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']')));
}

TEST(JsonScan, TakesEverythingElse) {
    for (const std::string text : {"{}", "[]", "0", "-0", "1.5E-3", "true", "false", "null", "\"\"", "\"\\ud800\"",
                                   "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
                                   "{\"\\ud83d\\ude00\":[{}]}", " [ 1 , 2 ] \r\n"}) {
        EXPECT_TRUE(is_json(text)) << text;
    }
    EXPECT_TRUE(is_json(std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']')));
}

TEST(JsonScan, AKeyThatIsTooLongSaysSo) {
    JsonScan scan;
    for (const char c : "{\"" + std::string(kJsonKeyBytesMax + 1, 'k')) scan.feed(c);
    EXPECT_EQ(scan.feed('"'), JsonScan::Event::key);
    EXPECT_TRUE(scan.levels().back().is_cut);
}

TEST(JsonScan, AgreesWithAnotherParserOnWhatIsJson) {
    std::mt19937 random(3);
    const std::string seed = R"({"a":[1,-2.5e3,"x\u00e4\n"],"b":{"c":null,"d":true},"":[[],{}]})";
    for (int i = 0; i < 20'000; ++i) {
        std::string text = seed;
        for (unsigned n = random() % 3; n > 0; --n) {
            const std::size_t at = random() % text.size();
            if (random() % 2 == 0) text.erase(at, 1);
            else text[at] = seed[random() % seed.size()];
        }
        EXPECT_EQ(is_json(text), nlohmann::json::accept(text)) << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
