#include "rules/document.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::optional<Node> read(std::string_view text, std::string* message = nullptr) {
    Reporter reporter("f");
    auto root = read_document(text, reporter);
    const auto diagnostics = reporter.take();
    if (message != nullptr) *message = diagnostics.empty() ? "" : to_string(diagnostics.front());
    return root;
}

TEST(Document, KeepsThePlaceOfEveryValue) {
    const auto root = read("a:\n  - b\n  - \"c\"\nd: { e: }\n");
    ASSERT_TRUE(root);
    ASSERT_EQ(root->entries.size(), 2u);
    const Node& list = root->entries[0].value;
    EXPECT_EQ(root->entries[0].place, (Place{1, 1}));
    EXPECT_EQ(list.kind, NodeKind::list);
    EXPECT_EQ(list.items[0].place, (Place{2, 5}));
    EXPECT_TRUE(list.items[0].is_plain);
    EXPECT_FALSE(list.items[1].is_plain);
    const Entry& empty = root->entries[1].value.entries[0];
    EXPECT_EQ(empty.value.kind, NodeKind::null);
    EXPECT_EQ(empty.value.place, (Place{4, 6}));
}

TEST(Document, RefusesWhatAConfigurationDoesNotNeed) {
    const std::pair<std::string, std::string> cases[] = {
        {"a: &x b\n", "f:1:4: error: anchors and aliases are not supported"},
        {"a: &x [b]\nc: *x\n", "f:1:4: error: anchors and aliases are not supported"},
        {"a: !!str b\n", "f:1:4: error: tags are not supported"},
        {"a: !x {}\n", "f:1:4: error: tags are not supported"},
        {"a: b\n---\nc: d\n", "f: error: the file holds more than one document"},
        {"? [a]\n: b\n", "f:1:3: error: a key must be a string"},
        {"? {a: b}\n: b\n", "f:1:3: error: a key must be a string"},
        {"~: b\n", "f:1:1: error: a key must be a string"},
        {"a: b\na: c\n", "f:2:1: error: duplicate key \"a\""},
        {"a: b\n\"a\": c\n", "f:2:1: error: duplicate key \"a\""},
        {"{a: b, a: c}", "f:1:8: error: duplicate key \"a\""},
        {"a: [\n", "f:2:1: error: not valid YAML: end of sequence flow not found"},
        {"a: \"\\\xc3\xbc\"\n", "f:1:7: error: not valid YAML: unknown escape character: ?"},
        {"a: *x\n", "f:1:4: error: not valid YAML: the referenced anchor is not defined"},
    };
    for (const auto& [text, expected] : cases) {
        std::string message;
        read(text, &message);
        EXPECT_EQ(message, expected) << text;
    }
}

TEST(Document, RefusesDepthWithoutGoingThere) {
    std::string message;
    for (const char* opening : {"[", "{a: ", "- ", "? ", "[{? "}) {
        std::string text;
        for (int i = 0; i < 100'000; ++i) text += opening;
        EXPECT_FALSE(read(text, &message)) << opening;
        EXPECT_NE(message, "") << opening;
    }
    EXPECT_TRUE(read(std::string(64, '[') + std::string(64, ']')));
    EXPECT_FALSE(read(std::string(65, '[') + std::string(65, ']'), &message));
    EXPECT_EQ(message, "f:1:65: error: the file is nested too deeply");
}

TEST(Document, RefusesTooManyValues) {
    std::string text = "[";
    for (int i = 0; i < 600'000; ++i) text += "a,";
    std::string message;
    EXPECT_FALSE(read(text + "]", &message));
    EXPECT_NE(message.find("the file holds too many values"), std::string::npos) << message;
}

}  // namespace
}  // namespace sallyport::rules
