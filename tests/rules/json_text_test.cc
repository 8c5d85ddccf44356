#include "rules/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::rules {
namespace {

std::string escaped(std::string_view text) {
    Buffer out;
    append_json_escaped(out, text);
    return std::string(out.view());
}

std::string unescaped(std::string_view raw) {
    Buffer out;
    return append_json_unescaped(out, raw) ? std::string(out.view()) : "none";
}

TEST(JsonText, IsEscapedAndReadBack) {
    EXPECT_EQ(escaped("a\"b\\c/\x01\n"), R"(a\"b\\c/\u0001\u000a)");
    for (const std::string text : {"", "plain", "a\"b\\c/\x01\n\t", "\xc3\xa4"}) EXPECT_EQ(unescaped(escaped(text)), text);
}

TEST(JsonText, AllEscapesAreKnown) {
    EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(unescaped(R"(\u0041\u00e4\u20ac\ud83d\ude00)"), "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(unescaped(R"(\ud83d)"), "none");
    EXPECT_EQ(unescaped(R"(\ud83d\u0041)"), "none");
    EXPECT_EQ(unescaped(R"(\ude00)"), "none");
}

}  // namespace
}  // namespace sallyport::rules
