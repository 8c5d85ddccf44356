#include "rules/needle_set.h"

#include <gtest/gtest.h>

#include "tests/rules/scrub.h"
#include "tests/rules/spelling.h"

namespace sallyport::rules {
namespace {

TEST(NeedleSet, WithoutValuesNothingIsLookedFor) {
    const std::vector<std::string> cases[] = {{}, {""}, {"abc"}, {"abc", "x"}};
    for (const auto& values : cases) {
        const auto needles = needles_of(values, values);
        EXPECT_TRUE(needles->empty());
        EXPECT_EQ(scrub_whole(needles, "abc YWJj 616263 text"), "abc YWJj 616263 text");
    }
    EXPECT_FALSE(can_be_needle("abc"));
    EXPECT_TRUE(can_be_needle("abcd"));
}

TEST(NeedleSet, LooksForEachValueOnce) {
    EXPECT_EQ(needles_of({"secret-value", "secret-value"})->needles().size(), 7u);
    EXPECT_EQ(needles_of({"secret-value", "another"})->needles().size(), 14u);
}

TEST(NeedleSet, ARenderedValueWithTheSecretInItNeedsNoNeedleOfItsOwn) {
    const auto needles = needles_of({"secret-value"}, {"Bearer secret-value"});
    EXPECT_EQ(needles->needles().size(), 7u);
    EXPECT_EQ(scrub_whole(needles, "authorization: Bearer secret-value"), "authorization: Bearer ************");
}

TEST(NeedleSet, R5_ARenderedValueWithoutTheSecretInItIsLookedForInEveryForm) {
    const std::string pair = base64("user:secret-value");
    const auto needles = needles_of({"secret-value"}, {"Basic " + pair});
    EXPECT_EQ(needles->needles().size(), 14u);
    const std::string stars(pair.find_last_not_of('=') + 1, '*');
    EXPECT_EQ(scrub_whole(needles, "Basic " + pair), "Basic " + stars + pair.substr(stars.size()));
    const std::string twice = base64("Basic " + pair);
    const std::string scrubbed = scrub_whole(needles, twice);
    EXPECT_EQ(scrubbed.substr(0, 8), twice.substr(0, 8));
    EXPECT_EQ(scrubbed.substr(8, stars.size() * 4 / 3), std::string(stars.size() * 4 / 3, '*'));
}

TEST(NeedleSet, ARenderedValueOfOneWordIsTakenWhole) {
    EXPECT_EQ(scrub_whole(needles_of({}, {"0123456789abcdef"}), "sig=0123456789abcdef"), "sig=****************");
    EXPECT_EQ(scrub_whole(needles_of({}, {"AWS4 credential signature"}), "AWS4 credential signature"),
              "AWS4 ********************");
}

TEST(NeedleSet, ReplacesWithSomethingThatIsInNoValue) {
    EXPECT_EQ(needles_of({"secret"})->fill(), '*');
    EXPECT_EQ(needles_of({"sec*ret"})->fill(), '~');
    EXPECT_EQ(scrub_whole(needles_of({"sec*ret", "a~~~~~~"}), "asec*ret"), "a!!!!!!!");
}

TEST(NeedleSet, KnowsTheNeedlesThatBeginWithAByteOrWithFour) {
    const auto needles = needles_of({"secret-value"});
    const auto forms_of = [&](std::string_view text) {
        std::string forms;
        for (const auto& start : needles->starting_with(start_key(text))) {
            forms += std::to_string(static_cast<int>(needles->needles()[start.needle].form));
        }
        return forms;
    };
    const std::string text = std::to_string(static_cast<int>(Form::text));
    EXPECT_EQ(forms_of("secr"), text);
    EXPECT_EQ(forms_of("SECRET"), text);
    EXPECT_EQ(forms_of("\\u0073"), text);
    EXPECT_EQ(forms_of("\\u0074"), "");
    EXPECT_EQ(forms_of("%73%"), text);
    EXPECT_EQ(forms_of("&#11"), text);
    EXPECT_EQ(forms_of("sxcr"), "");
    EXPECT_NE(forms_of("s").find(text), std::string::npos);
    EXPECT_NE(forms_of("\\u00").find(text), std::string::npos);
}

TEST(NeedleSet, TheViewsGivenNeedNotStay) {
    auto secret = std::make_unique<std::string>("secret-value-that-is-not-short");
    const auto needles = needles_of({*secret});
    secret->assign(secret->size(), 'x');
    secret.reset();
    EXPECT_EQ(scrub_whole(needles, "secret-value-that-is-not-short"), std::string(30, '*'));
}

}  // namespace
}  // namespace sallyport::rules
