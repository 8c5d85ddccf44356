#include "rules/form_swap.h"

#include <gtest/gtest.h>

#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/swap_pieces.h"

namespace sallyport::rules {
namespace {

class FormSwapTest : public testing::Test {
protected:
    std::string swapped(std::string text) {
        for (auto at = text.find("PH"); at != text.npos; at = text.find("PH")) text.replace(at, 2, placeholder_);
        return rewritten_always([&] { return std::make_unique<FormSwap>(fields_, pattern_, "mArKeR%2F7f3a9c", 4); }, text);
    }

    CountingRandom random_;
    std::string placeholder_ = make_placeholder("sk-", 40, random_);
    SwapPattern pattern_{placeholder_};
    std::vector<std::string> fields_{"client_secret", "a b"};
};

TEST_F(FormSwapTest, OnlyTheDeclaredFieldIsExchanged) {
    EXPECT_EQ(swapped("grant=x&client_secret=PH&z=1"), "grant=x&client_secret=mArKeR%2F7f3a9c&z=1");
    EXPECT_EQ(swapped("client%5Fsecret=PH"), "client%5Fsecret=mArKeR%2F7f3a9c");
    EXPECT_EQ(swapped("a+b=PH&client_secret=PH"), "a+b=mArKeR%2F7f3a9c&client_secret=mArKeR%2F7f3a9c");
    EXPECT_EQ(swapped(""), "");
    EXPECT_EQ(swapped("&&x&=;y&z=%"), "&&x&=;y&z=%");
}

TEST_F(FormSwapTest, R12_AnywhereElseItIsRefused) {
    for (const std::string text : {"comment=PH", "PH=client_secret", "client_secret=x&title=PH", "client_secret[]=PH",
                                   "Client_Secret=PH", "client_secret&x=PH", "PH", "comment=a;client_secret=PH"}) {
        EXPECT_TRUE(swapped(text).starts_with("placeholder_misused")) << text;
        EXPECT_EQ(swapped(text).find("mArKeR"), std::string::npos) << text;
    }
}

TEST_F(FormSwapTest, R12_WhatOriginsReadInDifferentWaysIsRefused) {
    for (const std::string text : {"client_secret=x&client_secret=PH", "client_secret=x;title=PH", "a;client_secret=PH",
                                   "client_%zz=PH", "client_secret%00=PH", "x%4=PH", "x%"}) {
        EXPECT_TRUE(swapped(text).starts_with("body_unreadable")) << text;
        EXPECT_EQ(swapped(text).find("mArKeR"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
