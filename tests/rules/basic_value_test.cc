#include "rules/basic_value.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::rules {
namespace {

std::string read(std::string_view value) {
    const auto pair = read_basic(value);
    return pair ? std::string(pair->view()) : "none";
}

TEST(BasicValue, IsReadWithOrWithoutPadding) {
    EXPECT_EQ(read("Basic dXNlcjpwYXNz"), "user:pass");
    EXPECT_EQ(read("basic  dXNlcjpwYXM="), "user:pas");
    EXPECT_EQ(read(" BASIC dXNlcjpwYXM "), "user:pas");
    EXPECT_EQ(read("Basic dTpw-_8="), "u:p\xfb\xff");
}

TEST(BasicValue, WhatIsNoneIsNotRead) {
    for (const std::string value : {"", "Basic", "Basic ", "Bearer dXNlcjpwYXNz", "Basic dXNlcjpwYXNz,x", "Basic dXN lcg",
                                    "Basic dXNlc", "Basic =", "Basicd dXNl"}) {
        EXPECT_EQ(read(value).substr(0, 4), value == "Basic =" ? "" : "none") << value;
    }
}

}  // namespace
}  // namespace sallyport::rules
