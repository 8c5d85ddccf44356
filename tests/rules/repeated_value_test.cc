#include "rules/repeated_value.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

// Patterns that every occurrence matches, that none does, and for each of the last ones that some does not.
std::string settled(const std::vector<std::string>& every, const std::vector<std::string>& none,
                    const std::vector<std::string>& some_not) {
    std::vector<Glob> globs;
    for (const auto* list : {&every, &none, &some_not}) {
        for (const std::string& pattern : *list) globs.push_back(*Glob::compile(pattern, GlobKind::text));
    }
    RepeatedValue value;
    for (std::size_t i = 0; i < every.size() + none.size(); ++i) value.every.push_back(one(globs[i], i < every.size()));
    for (std::size_t i = 0; i < some_not.size(); ++i)
        value.some.push_back(one(globs[every.size() + none.size() + i], false));
    Budget budget(100'000);
    const Search outcome = settle(Universe::field_value, value, budget);
    if (outcome != Search::found) return outcome == Search::none ? "none" : "gave up";
    std::string text;
    for (const std::string& each : value.texts) text += each + ';';
    return text;
}

TEST(RepeatedValue, OneOccurrenceWhereOneIsEnough) {
    EXPECT_EQ(settled({"a*"}, {"ax"}, {"axyz"}), "a;");
    EXPECT_EQ(settled({}, {"*"}, {}), "none");
    EXPECT_EQ(settled({"a*"}, {}, {"a*"}), "none");
}

TEST(RepeatedValue, SeveralWhereNoSingleOneMeetsAll) {
    // What is no "a" is a "b", and the other way round.
    std::vector<Glob> globs{*Glob::compile("a", GlobKind::text), *Glob::compile("b", GlobKind::text)};
    RepeatedValue value;
    value.every.push_back({globs, true});
    value.some = {one(globs[0], false), one(globs[1], false)};
    Budget budget(100'000);
    EXPECT_EQ(settle(Universe::query_value, value, budget), Search::found);
    EXPECT_EQ(value.texts, (std::vector<std::string>{"b", "a"}));
}

TEST(RepeatedValue, KeysThatOriginsTakeForOne) {
    EXPECT_TRUE(is_taken_for("page", "page"));
    EXPECT_TRUE(is_taken_for("Page", "page"));
    EXPECT_TRUE(is_taken_for("page[]", "page"));
    EXPECT_FALSE(is_taken_for("page", "page[]"));
    EXPECT_FALSE(is_taken_for("pages", "page"));
    EXPECT_TRUE(is_taken_for("a b&c;d", "a b&c;d"));
}

TEST(RepeatedValue, IsEncodedSoThatAllReadItAlike) {
    std::string text;
    append_encoded(text, "a+b c~\xff");
    EXPECT_EQ(text, "a%2Bb%20c~%FF");
}

TEST(RepeatedValue, FieldsOfOneConnectionAreNeverThere) {
    EXPECT_TRUE(is_never_there("Connection"));
    EXPECT_TRUE(is_never_there("content-length"));
    EXPECT_TRUE(is_never_there("x_api_key"));
    EXPECT_FALSE(is_never_there("x-api-key"));
    EXPECT_FALSE(is_never_there("x_custom"));
}

}  // namespace
}  // namespace sallyport::rules
