#include "secrets/encoding.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sallyport::secrets {
namespace {

std::string made(const std::function<void(Buffer&)>& append) {
    Buffer out;
    append(out);
    return std::string(out.view());
}

std::string decoded(std::string_view text) {
    Buffer out;
    return decode_base64(text, out) ? std::string(out.view()) : "refused";
}

// RFC 4648 section 10.
TEST(Encoding, WritesBase64) {
    const std::pair<const char*, const char*> kCases[] = {{"", ""},         {"f", "Zg=="},        {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},  {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : kCases) {
        EXPECT_EQ(made([&](Buffer& out) { append_base64(out, bytes); }), text);
        const std::string unpadded = std::string(text).substr(0, std::string(text).find('='));
        EXPECT_EQ(made([&](Buffer& out) { append_base64url(out, bytes); }), unpadded);
        EXPECT_EQ(decoded(text), bytes);
        EXPECT_EQ(decoded(unpadded), bytes);
    }
}

// RFC 7515 appendix C.
TEST(Encoding, WritesBase64ForUrls) {
    EXPECT_EQ(made([](Buffer& out) { append_base64url(out, "\x03\xec\xff\xe0\xc1"); }), "A-z_4ME");
    EXPECT_EQ(decoded("A-z_4ME"), "\x03\xec\xff\xe0\xc1");
    EXPECT_EQ(decoded("A+z/4ME="), "\x03\xec\xff\xe0\xc1");
}

TEST(Encoding, RefusesWhatIsNotBase64) {
    for (const char* text : {"Z", "Zg=", "Zg===", "Z=g=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9vY"}) {
        EXPECT_EQ(decoded(text), "refused") << text;
    }
}

TEST(Encoding, WritesForms) {
    EXPECT_EQ(made([](Buffer& out) {
                  append_form(out, "a", "x y");
                  append_form(out, "b&c", "1=2+3%\xc3\xa4~-._");
              }),
              "a=x%20y&b%26c=1%3D2%2B3%25%C3%A4~-._");
}

TEST(Encoding, WritesJsonStrings) {
    EXPECT_EQ(made([](Buffer& out) { append_json(out, std::string_view("a\"\\\n\x7f\0\xc3\xa4", 8)); }),
              "\"a\\\"\\\\\\u000a\\u007f\\u0000\xc3\xa4\"");
}

}  // namespace
}  // namespace sallyport::secrets
