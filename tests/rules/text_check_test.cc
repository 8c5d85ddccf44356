#include "rules/text_check.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(TextCheck, TakesUtf8WithLineEnds) {
    for (const std::string text : {"", "a: b\n", "a:\tb\r\nc: d",
                                   "\xef\xbb\xbf"
                                   "a: b",
                                   "n: b\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"}) {
        EXPECT_FALSE(find_text_fault(text)) << text;
    }
}

TEST(TextCheck, RefusesWhatAReviewerWouldNotSee) {
    // yaml-cpp ends its input at a byte 04: the rules below it would not be loaded.
    const std::pair<std::string, std::string> cases[] = {
        {"a: b\n\x04"
         "c: d\n",
         "the file holds a control character"},
        {"a: b\n" + std::string(1, '\0') + "x", "the file holds a control character"},
        {"a: b\n\rc: d", "the file holds a control character"},
        {"a: b\n\x1b[2J", "the file holds a control character"},
        {"a: b\n\x7f", "the file holds a control character"},
        {"a: b\n\xe2\x80\xae", "the file holds a control character"},
        {"a: b\n\xe2\x80\xa8", "the file holds a control character"},
        {"a: b\n\xc2\x85", "the file holds a control character"},
        {"a: b\n\xff", "the file is not UTF-8"},
        {"a: b\n\xc0\x80", "the file is not UTF-8"},
        {"a: b\n\xed\xa0\x80", "the file is not UTF-8"},
        {"a: b\n\xe2\x82", "the file is not UTF-8"},
        {"a: b\n\xf4\x90\x80\x80", "the file is not UTF-8"},
    };
    for (const auto& [text, message] : cases) {
        const auto fault = find_text_fault(text);
        ASSERT_TRUE(fault) << text;
        EXPECT_EQ(fault->message, message);
        EXPECT_EQ(fault->place, (Place{2, 1})) << text;
    }
}

TEST(TextCheck, RefusesFilesOver4MiB) {
    EXPECT_FALSE(find_text_fault(std::string(4 << 20, '#')));
    EXPECT_EQ(find_text_fault(std::string((4 << 20) + 1, '#'))->message, "the file is larger than 4 MiB");
}

}  // namespace
}  // namespace sallyport::rules
