#include "rules/utf16.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::rules {
namespace {

std::string utf16_of(std::string_view text) {
    Buffer out;
    append_utf16_le(out, text);
    return std::string(out.view());
}

std::string bytes(std::u16string_view units) {
    std::string out;
    for (const char16_t unit : units) out += {static_cast<char>(unit & 255), static_cast<char>(unit >> 8)};
    return out;
}

TEST(Utf16, ReadsUtf8) {
    EXPECT_EQ(utf16_of(""), "");
    EXPECT_EQ(utf16_of("az~"), bytes(u"az~"));
    EXPECT_EQ(utf16_of("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), bytes(u"\u00e9\u20ac\U0001f600"));
    EXPECT_EQ(utf16_of("\xf4\x8f\xbf\xbf"), bytes(u"\U0010ffff"));
}

TEST(Utf16, TakesWhatIsNotUtf8ByteByByte) {
    const std::pair<const char*, std::u16string> cases[] = {
        {"a\xe9", u"a\u00e9"},
        {"\xc3", u"\u00c3"},
        {"\xc0\x80", u"\u00c0\u0080"},
        {"\xe0\x80\x80", u"\u00e0\u0080\u0080"},
        {"\xed\xa0\x80", u"\u00ed\u00a0\u0080"},
        {"\xf0\x80\x80\x80", u"\u00f0\u0080\u0080\u0080"},
        {"\xf4\x90\x80\x80", u"\u00f4\u0090\u0080\u0080"},
        {"\xf8\x80\x80\x80", u"\u00f8\u0080\u0080\u0080"},
        {"\xc3\xa9\xff", u"\u00c3\u00a9\u00ff"},
        {"\x80", u"\u0080"},
    };
    for (const auto& [text, units] : cases) EXPECT_EQ(utf16_of(text), bytes(units)) << text;
}

}  // namespace
}  // namespace sallyport::rules
