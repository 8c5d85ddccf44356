#include "admin/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/limits.h"

namespace sallyport::admin {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string why(std::string_view text) {
    const auto checked = check_json(text);
    return checked ? "good" : checked.error().detail;
}

TEST(JsonText, TakesJson) {
    for (const char* good : {"{}", "[]", "1", "\"a\"", "null", R"({"a":{"b":1},"c":{"b":2}})", " [1, 2.5e3, true] "}) {
        EXPECT_EQ(why(good), "good") << good;
    }
}

TEST(JsonText, RefusesWhatReadersDifferIn) {
    EXPECT_EQ(why(R"({"a":1,"a":2})"), "the key \"a\" is there twice in one object");
    EXPECT_NE(why(R"([{"x":{"a":1,"b":[],"a":2}}])").find("\"a\" is there twice"), std::string::npos);
    EXPECT_NE(why(R"({"a":1,"\u0061":2})").find("twice"), std::string::npos);
    for (const char* bad : {"", "{", "{}{}", "{} x", "{'a':1}", "[1,]", "nan", "1e999", "\"\xff\"", "\"\xed\xa0\x80\"",
                            "// c\n{}", "\"a\nb\"", "[01]"}) {
        EXPECT_NE(why(bad).find("not JSON at byte"), std::string::npos) << bad << ": " << why(bad);
    }
}

TEST(JsonText, ANulByteDoesNotEndTheText) {
    using namespace std::string_view_literals;
    for (const std::string_view bad : {"{}\0"sv, "{}\0, not JSON"sv, "\0{}"sv, "[1\0]"sv, "\"a\0b\""sv}) {
        EXPECT_EQ(why(bad), "JSON has no NUL bytes");
    }
}

TEST(JsonText, DepthAndNumberOfValuesAreBounded) {
    EXPECT_EQ(why(nested(kJsonDepthMax)), "good");
    EXPECT_EQ(why(nested(kJsonDepthMax + 1)), "the JSON is nested too deeply");
    EXPECT_EQ(why(nested(1'000'000)), "the JSON is nested too deeply");
    std::string many = "[";
    for (std::size_t i = 0; i < kJsonValuesMax; ++i) many += "1,";
    many.back() = ']';
    EXPECT_EQ(why(many), "the JSON has too many values");
}

TEST(JsonText, X14_NothingThatIsNotPrintableLeaves) {
    const std::string json = "{\n\t\"a\": \"\x7f\xc2\x9b\xe2\x80\xa8\xf0\x9f\x98\x80z\"\r\n}";
    const std::string safe = printable_json(json);
    for (const char c : safe) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    EXPECT_EQ(nlohmann::json::parse(safe), nlohmann::json::parse(json));
    EXPECT_EQ(printable_json(R"({"a":"b"})"), R"({"a":"b"})");
}

}  // namespace
}  // namespace sallyport::admin
