#include "rules/base64.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(Base64, WritesTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfb", "//77"},
    };
    for (const auto& [bytes, text] : cases) {
        Buffer out;
        append_base64(out, bytes);
        EXPECT_EQ(out.view(), text);
    }
}

}  // namespace
}  // namespace sallyport::rules
