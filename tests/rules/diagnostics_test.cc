#include "rules/diagnostics.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::rules {
namespace {

TEST(Diagnostics, SuggestWhatIsNear) {
    constexpr std::array<std::string_view, 5> kWords{"host", "port", "methods", "credential", "a"};
    const std::pair<const char*, const char*> cases[] = {
        {"hosts", ", did you mean \"host\"?"},
        {"hsot", ", did you mean \"host\"?"},
        {"prot", ", did you mean \"port\"?"},
        {"method", ", did you mean \"methods\"?"},
        {"credentails", ", did you mean \"credential\"?"},
        {"ho", ""},
        {"b", ""},
        {"", ""},
        {"something", ""},
    };
    for (const auto& [word, expected] : cases) {
        EXPECT_EQ(did_you_mean(word, kWords), expected) << word;
    }
    EXPECT_EQ(did_you_mean(std::string(10'000, 'x'), kWords), "");
}

TEST(Diagnostics, QuoteEscapesAndCuts) {
    EXPECT_EQ(quote("a\"\n\x1b[31m"), "\"a\\\"\\u000a\\u001b[31m\"");
    EXPECT_EQ(quote(std::string(200, 'a')), '"' + std::string(80, 'a') + "\"...");
}

TEST(Diagnostics, AreInTheOrderOfTheFile) {
    Reporter reporter("f");
    reporter.warning({3, 1}, "third");
    EXPECT_FALSE(reporter.has_errors());
    reporter.error({1, 9}, "second");
    reporter.error({1, 2}, "first");
    EXPECT_TRUE(reporter.has_errors());
    const auto diagnostics = reporter.take();
    ASSERT_EQ(diagnostics.size(), 3u);
    EXPECT_EQ(to_string(diagnostics[0]), "f:1:2: error: first");
    EXPECT_EQ(to_string(diagnostics[1]), "f:1:9: error: second");
    EXPECT_EQ(to_string(diagnostics[2]), "f:3:1: warning: third");
}

TEST(Diagnostics, AreNotEndless) {
    Reporter reporter("f");
    for (int i = 1; i <= 1000; ++i) reporter.error({i, 1}, "again");
    const auto diagnostics = reporter.take();
    ASSERT_EQ(diagnostics.size(), 101u);
    EXPECT_EQ(to_string(diagnostics.back()), "f: error: and 900 more");
}

}  // namespace
}  // namespace sallyport::rules
