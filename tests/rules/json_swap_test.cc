#include "rules/json_swap.h"

#include <gtest/gtest.h>

#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/swap_pieces.h"

namespace sallyport::rules {
namespace {

const std::string kSecret = "mArKeR-7f3a9c";

class JsonSwapTest : public testing::Test {
protected:
    std::string swapped(const std::vector<std::string>& pointers, std::string text) {
        for (auto at = text.find("PH"); at != text.npos; at = text.find("PH")) text.replace(at, 2, placeholder_);
        std::vector<JsonPlace> places;
        for (const auto& pointer : pointers) places.push_back(parse_json_place(pointer).value());
        std::string result =
            rewritten_always([&] { return std::make_unique<JsonSwap>(places, pattern_, kSecret, 4); }, text);
        for (auto at = result.find(placeholder_); at != result.npos; at = result.find(placeholder_)) {
            result.replace(at, placeholder_.size(), "PH");
        }
        return result;
    }

    CountingRandom random_;
    std::string placeholder_ = make_placeholder("sk-", 40, random_);
    SwapPattern pattern_{placeholder_};
};

TEST(JsonPlaceTest, IsAPointerOfRfc6901) {
    EXPECT_EQ(parse_json_place("/auth/token"), (JsonPlace{"auth", "token"}));
    EXPECT_EQ(parse_json_place("/a~1b/m~0n/0/*"), (JsonPlace{"a/b", "m~n", "0", "*"}));
    EXPECT_EQ(parse_json_place("/"), JsonPlace{""});
    EXPECT_EQ(parse_json_place("/a/"), (JsonPlace{"a", ""}));
    for (const std::string bad : {"", "auth", "/a~", "/a~2b", "#/a"}) EXPECT_FALSE(parse_json_place(bad)) << bad;
    EXPECT_FALSE(parse_json_place("/" + std::string(kJsonKeyBytesMax + 1, 'k')));
}

TEST_F(JsonSwapTest, OnlyTheValueAtTheDeclaredPlaceIsExchanged) {
    EXPECT_EQ(swapped({"/auth/token"}, R"({"x":1,"auth":{"token":"PH","n":[null]}})"),
              R"({"x":1,"auth":{"token":"mArKeR-7f3a9c","n":[null]}})");
    EXPECT_EQ(swapped({"/auth/token"}, R"({"auth":{"token":"Bearer PH!"}})"), R"({"auth":{"token":"Bearer mArKeR-7f3a9c!"}})");
    EXPECT_EQ(swapped({"/auth/token"}, R"({"\u0061uth":{"token":"PH"}})"), R"({"\u0061uth":{"token":"mArKeR-7f3a9c"}})");
    EXPECT_EQ(swapped({"/k/1", "/k/*/t"}, R"({"k":[{"t":"PH"},"PH",{"t":"PH"}]})"),
              R"({"k":[{"t":"mArKeR-7f3a9c"},"mArKeR-7f3a9c",{"t":"mArKeR-7f3a9c"}]})");
    EXPECT_EQ(swapped({"/*"}, R"(["PH"])"), R"(["mArKeR-7f3a9c"])");
    EXPECT_EQ(swapped({"/a"}, R"({"a":"no placeholder","b":"sallyp0"})"), R"({"a":"no placeholder","b":"sallyp0"})");
}

TEST_F(JsonSwapTest, R12_AnywhereElseItIsRefused) {
    for (const std::string text :
         {R"({"body":"PH","auth":{"token":"x"}})", R"({"auth":{"token":["PH"]}})", R"({"auth":"PH"})", R"("PH")", R"(["PH"])",
          R"({"PH":"auth"})", R"({"auth":{"token":"x"},"title":"PH"})", R"({"auth":[{"token":"PH"}]})",
          R"({"x":{"auth":{"token":"PH"}}})", R"({"auth":{"Token":"PH"}})", R"({"auth":{"token":{"token":"PH"}}})",
          R"({"*":{"token":"PH"}})", R"({"auth":{"token":"x","PH":1}})"}) {
        EXPECT_TRUE(swapped({"/auth/token"}, text).starts_with("placeholder_misused")) << text;
        EXPECT_EQ(swapped({"/auth/token"}, text).find(kSecret), std::string::npos) << text;
    }
}

TEST_F(JsonSwapTest, R12_AStarInAnObjectIsAKey) {
    EXPECT_EQ(swapped({"/*"}, R"({"*":"PH"})"), R"({"*":"mArKeR-7f3a9c"})");
    EXPECT_TRUE(swapped({"/*"}, R"({"a":"PH"})").starts_with("placeholder_misused"));
}

TEST_F(JsonSwapTest, R12_AKeyThatOccursTwiceOnTheWayIsRefused) {
    for (const std::string text : {R"({"auth":{"token":"x"},"auth":{"token":"PH"}})", R"({"auth":{"token":"x","token":"PH"}})",
                                   R"({"auth":1,"\u0061uth":{"token":"PH"}})"}) {
        EXPECT_TRUE(swapped({"/auth/token"}, text).starts_with("body_unreadable")) << text;
    }
    EXPECT_EQ(swapped({"/auth/token"}, R"({"a":1,"a":2,"auth":{"token":"PH"}})"),
              R"({"a":1,"a":2,"auth":{"token":"mArKeR-7f3a9c"}})");
    EXPECT_EQ(swapped({"/*/t"}, R"([{"t":"PH"},{"t":"PH"}])"), R"([{"t":"mArKeR-7f3a9c"},{"t":"mArKeR-7f3a9c"}])");
}

TEST_F(JsonSwapTest, WhatIsNotStrictJsonIsUnreadable) {
    for (const std::string text : {"\xef\xbb\xbf{\"a\":\"PH\"}", "{\"a\":\"PH\"", "{\"a\":\"PH\"}{}", "{a:\"PH\"}", "[\"\xff\"]"}) {
        EXPECT_TRUE(swapped({"/a"}, text).starts_with("body_unreadable")) << text;
    }
    EXPECT_EQ(swapped({"/a"}, ""), "");
}

TEST_F(JsonSwapTest, AnEscapedPlaceholderIsNone) {
    std::string escaped = placeholder_;
    escaped.replace(5, 1, "\\u006c");
    EXPECT_EQ(swapped({"/a"}, "{\"a\":\"" + escaped + "\"}"), "{\"a\":\"" + escaped + "\"}");
}

}  // namespace
}  // namespace sallyport::rules
