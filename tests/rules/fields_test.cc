#include "rules/fields.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::rules {
namespace {

class FieldsTest : public testing::Test {
protected:
    const Node& value_of(const std::string& text) {
        root_ = *read_document("k: " + text + "\n", reporter_);
        return root_.entries[0].value;
    }
    std::string message() {
        const auto diagnostics = reporter_.take();
        reporter_ = Reporter("f");
        return diagnostics.empty() ? "" : to_string(diagnostics[0]);
    }

    Reporter reporter_{"f"};
    Node root_;
};

TEST_F(FieldsTest, ReportUnknownAndUnsupportedKeys) {
    constexpr std::array<std::string_view, 2> kKnown{"name", "host"};
    constexpr std::array<std::string_view, 1> kUnsupported{"tls"};
    const KeySet keys{kKnown, kUnsupported};
    EXPECT_TRUE(expect_map(value_of("{ name: a, host: b }"), "it", keys, reporter_));
    EXPECT_EQ(message(), "");
    EXPECT_TRUE(expect_map(value_of("{ nmae: a }"), "it", keys, reporter_));
    EXPECT_EQ(message(), "f:1:6: error: unknown key \"nmae\", did you mean \"name\"?");
    EXPECT_TRUE(expect_map(value_of("{ tls: a }"), "it", keys, reporter_));
    EXPECT_EQ(message(), "f:1:6: error: \"tls\" is not supported by this version");
    EXPECT_FALSE(expect_map(value_of("[a]"), "it", keys, reporter_));
    EXPECT_EQ(message(), "f:1:4: error: it must be a mapping");
}

TEST_F(FieldsTest, RequireSaysWhatIsMissingOnce) {
    EXPECT_EQ(require(value_of("{ a: b }"), "policy", "it", reporter_), nullptr);
    EXPECT_EQ(message(), "f:1:4: error: it has no \"policy\"");
    EXPECT_EQ(require(value_of("{ polcy: b }"), "policy", "it", reporter_), nullptr);
    EXPECT_EQ(message(), "");
}

TEST_F(FieldsTest, TextIsText) {
    EXPECT_EQ(read_text(value_of("abc"), "k", reporter_), "abc");
    EXPECT_EQ(read_text(value_of("12"), "k", reporter_), "12");
    EXPECT_EQ(read_text(value_of("no"), "k", reporter_), "no");
    EXPECT_EQ(message(), "");
    for (const auto* text : {"", "~", "null", "[a]", "{a: b}", "\"\"", "\"a\\0b\"", "\"a\\x7f\""}) {
        EXPECT_FALSE(read_text(value_of(text), "k", reporter_)) << text;
        EXPECT_NE(message(), "") << text;
    }
}

TEST_F(FieldsTest, ListsAreNotEmpty) {
    EXPECT_EQ(read_list(value_of("[a, b]"), "k", ListForm::list_only, reporter_).size(), 2u);
    EXPECT_EQ(read_list(value_of("a"), "k", ListForm::one_or_list, reporter_).size(), 1u);
    EXPECT_EQ(message(), "");
    EXPECT_TRUE(read_list(value_of("[]"), "k", ListForm::one_or_list, reporter_).empty());
    EXPECT_EQ(message(), "f:1:4: error: \"k\" is an empty list");
    EXPECT_TRUE(read_list(value_of("a"), "k", ListForm::list_only, reporter_).empty());
    EXPECT_EQ(message(), "f:1:4: error: \"k\" must be a list");
    EXPECT_TRUE(read_list(value_of("{a: b}"), "k", ListForm::one_or_list, reporter_).empty());
    EXPECT_EQ(message(), "f:1:4: error: \"k\" must be one value or a list");
}

}  // namespace
}  // namespace sallyport::rules
