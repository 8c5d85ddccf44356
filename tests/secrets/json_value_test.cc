#include "secrets/json_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace sallyport::secrets {
namespace {

std::string text_at(const std::string& json, std::string_view key) {
    const auto value = JsonValue::parse(json);
    const auto member = value ? value->member(key) : std::nullopt;
    const auto text = member ? member->text() : std::nullopt;
    return text ? std::string(text->reveal()) : "nothing";
}

TEST(JsonValue, FindsMembersAndTheirTexts) {
    const std::string json = "\r\n\t { \"a\" : \"x\" ,\"b\":{\"c\":[1,{\"d\":\"deep\"}],\"a\":\"other\"}, \"n\\u0061me\":\"y\" } ";
    EXPECT_EQ(text_at(json, "a"), "x");
    EXPECT_EQ(text_at(json, "name"), "y");
    EXPECT_EQ(text_at(json, "c"), "nothing");
    EXPECT_EQ(text_at(json, "b"), "nothing");
    EXPECT_EQ(JsonValue::parse(json)->member("b", "a")->text()->reveal(), "other");
    EXPECT_FALSE(JsonValue::parse(json)->member("b", "x"));
    std::string items;
    JsonValue::parse(json)->member("b", "c")->each_item([&](const JsonValue& item) { items += item.raw(); });
    EXPECT_EQ(items, "1{\"d\":\"deep\"}");
}

TEST(JsonValue, AMemberThatIsThereTwiceIsNotThere) {
    EXPECT_EQ(text_at(R"({"a":"x","a":"y"})", "a"), "nothing");
    EXPECT_EQ(text_at(R"({"a":"x","\u0061":"y"})", "a"), "nothing");
}

TEST(JsonValue, UnescapesToUtf8) {
    EXPECT_EQ(text_at(R"({"a":"\"\\\/\b\f\n\r\t"})", "a"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(text_at(R"({"a":"\u00e4\u20AC\ud83d\ude00z"})", "a"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
    for (const char* half : {R"({"a":"\ud83d"})", R"({"a":"\ud83dx"})", R"({"a":"\ud83d\u0041"})", R"({"a":"\ude00"})"}) {
        EXPECT_EQ(text_at(half, "a"), "nothing") << half;
    }
}

TEST(JsonValue, RefusesWhatIsNotJson) {
    const std::vector<std::string> cases = {
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "\"a", "\"a\nb\"", "\"\\x\"", "\"\\u12g4\"", "tru", "nul",
        "01", "-", "1.", ".5", "1e", "+1", "{} {}", "[1 2]", "<html></html>", "'a'", "{\"a\":undefined}", "\"\\", "\"\\u12",
        std::string(40, '[') + std::string(40, ']'), std::string("\"a\0", 3)};
    for (const std::string& text : cases) EXPECT_FALSE(JsonValue::parse(text)) << text;
}

TEST(JsonValue, ReadsWholeNumbersOnly) {
    EXPECT_EQ(JsonValue::parse("-9223372036854775808")->whole_number(), INT64_MIN);
    for (const char* text : {"9223372036854775808", "1.0", "1e3", "\"1\"", "true"}) {
        EXPECT_FALSE(JsonValue::parse(text)->whole_number()) << text;
    }
    EXPECT_EQ(JsonValue::parse("true")->flag(), true);
    EXPECT_FALSE(JsonValue::parse("\"true\"")->flag());
}

// What another reader makes of it, of texts that are nearly JSON.
TEST(JsonValue, AgreesWithAnotherReaderOnBrokenTexts) {
    const std::string seed = R"({"a":[1,-2.5e3,true,null,"\u00e4\n"],"b":{"c":"d","e":[]},"f":""})";
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string text = seed;
        for (unsigned edits = random() % 3 + 1; edits > 0; --edits) {
            const std::size_t at = random() % text.size();
            if (random() % 2 == 0) text.erase(at, 1);
            else text[at] = "{}[]\",:\\u01ae.- "[random() % 17];
        }
        EXPECT_EQ(JsonValue::parse(text).has_value(), nlohmann::json::accept(text)) << text;
    }
}

}  // namespace
}  // namespace sallyport::secrets
