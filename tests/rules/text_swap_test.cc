#include "rules/text_swap.h"

#include <gtest/gtest.h>

#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/swap_pieces.h"

namespace sallyport::rules {
namespace {

const std::string kSecret = "mArKeR-7f3a9c";

class TextSwapTest : public testing::Test {
protected:
    std::string swapped(const std::string& text, unsigned count = 4) {
        return rewritten_always([&] { return std::make_unique<MessageSwap>(pattern_, kSecret, count); }, text);
    }

    CountingRandom random_;
    std::string placeholder_ = make_placeholder("sk-", 40, random_);
    std::string foreign_ = make_placeholder("sk-", 40, random_);
    SwapPattern pattern_{placeholder_};
};

TEST_F(TextSwapTest, ThePlaceholderBecomesTheSecretAtAnySplit) {
    EXPECT_EQ(swapped(placeholder_), kSecret);
    EXPECT_EQ(swapped("{\"op\":2,\"token\":\"" + placeholder_ + "\"}"), "{\"op\":2,\"token\":\"" + kSecret + "\"}");
    EXPECT_EQ(swapped(placeholder_ + placeholder_), kSecret + kSecret);
    EXPECT_EQ(swapped("sk-sk-" + placeholder_.substr(3)), "sk-" + kSecret);
    EXPECT_EQ(swapped("sk-sally sk-sallyp0 x"), "sk-sally sk-sallyp0 x");
    EXPECT_EQ(swapped(""), "");
}

TEST_F(TextSwapTest, R16_WhatOnlyLooksLikeOneIsRefused) {
    const std::vector<std::string> strangers{foreign_,
                                             placeholder_.substr(3),
                                             placeholder_.substr(0, 39),
                                             placeholder_.substr(0, 39) + "!",
                                             "sk-sallyp0x",
                                             "sallyp0x",
                                             "sk-sallyp0xsk-" + placeholder_};
    for (const std::string& text : strangers) {
        EXPECT_TRUE(swapped("<" + text + ">").starts_with("placeholder_misused after <")) << text;
        EXPECT_EQ(swapped("<" + text + ">").find(kSecret), std::string::npos) << text;
    }
}

TEST_F(TextSwapTest, R12_ItIsExchangedSoOftenAndNoMore) {
    EXPECT_EQ(swapped(placeholder_ + " " + placeholder_, 2), kSecret + " " + kSecret);
    EXPECT_EQ(swapped(placeholder_ + " " + placeholder_ + "!", 1), "placeholder_misused after " + kSecret + " ");
}

TEST_F(TextSwapTest, WhereThatIsAllowedStrangersPass) {
    pattern_.misplaced = Misplaced::pass;
    EXPECT_EQ(swapped(foreign_ + " " + placeholder_), foreign_ + " " + kSecret);
    EXPECT_EQ(swapped(placeholder_.substr(0, 30)), placeholder_.substr(0, 30));
}

TEST_F(TextSwapTest, NothingIsExchangedWhereThereIsNoPlaceholder) {
    pattern_ = SwapPattern("");
    EXPECT_EQ(swapped("plain sallyp0"), "plain sallyp0");
    EXPECT_TRUE(swapped(placeholder_).starts_with("placeholder_misused"));
}

TEST_F(TextSwapTest, MessagesDoNotRunIntoEachOther) {
    MessageSwap swap(pattern_, kSecret, 4);
    Buffer out;
    ASSERT_TRUE(swap.feed(placeholder_.substr(0, 5), out));
    ASSERT_TRUE(swap.finish(out));
    ASSERT_TRUE(swap.feed(placeholder_.substr(5, 3), out));
    ASSERT_TRUE(swap.finish(out));
    ASSERT_TRUE(swap.feed(placeholder_, out));
    ASSERT_TRUE(swap.finish(out));
    EXPECT_EQ(out.view(), placeholder_.substr(0, 8) + kSecret);
}

TEST_F(TextSwapTest, ItHoldsBackLessThanAPlaceholder) {
    TextSwap swap(pattern_, kSecret, 4);
    Buffer out;
    for (const char c : "sk-sk-sally" + placeholder_ + "sk-s") {
        ASSERT_TRUE(swap.feed(c, true, out));
        EXPECT_LT(swap.held_bytes(), placeholder_.size());
    }
}

}  // namespace
}  // namespace sallyport::rules
