#include "base/json.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

struct Case {
    std::string_view name;
    std::string_view value;
    std::string_view json;
};

TEST(Json, EscapesWhateverCouldBreakALine) {
    const Case cases[] = {
        {"plain", "abc", "\"abc\""},
        {"quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
        {"newline", "a\r\nb", "\"a\\u000d\\u000ab\""},
        {"terminal colour", "\x1b[31m", "\"\\u001b[31m\""},
        {"nul", std::string_view("a\0b", 3), "\"a\\u0000b\""},
        {"two bytes of UTF-8", "\xc3\xa9", "\"\\u00e9\""},
        {"four bytes of UTF-8", "\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
        {"line separator", "\xe2\x80\xa8", "\"\\u2028\""},
        {"invalid UTF-8", "\xff", "\"\\ufffd\""},
        {"overlong slash", "\xc0\xaf", "\"\\ufffd\\ufffd\""},
        {"surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"cut short", "\xe2\x80", "\"\\ufffd\\ufffd\""},
        {"delete", "\x7f", "\"\\u007f\""},
    };
    for (const Case& each : cases) {
        std::string out;
        append_json_string(out, each.value);
        EXPECT_EQ(out, each.json) << each.name;
    }
}

TEST(Json, WritesOneFlatObject) {
    std::string out;
    JsonLine line(out);
    line.field("a", "x").field("b", std::uint64_t{18446744073709551615u}).field("c", true).raw("d", "[1]").close();
    EXPECT_EQ(out, R"({"a":"x","b":18446744073709551615,"c":true,"d":[1]})");
}

}  // namespace
}  // namespace sallyport
