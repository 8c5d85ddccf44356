#include "rules/language.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/text_universe.h"

namespace sallyport::rules {
namespace {

std::vector<Glob> globs_of(const std::vector<std::string>& patterns, GlobKind kind) {
    std::vector<Glob> globs;
    for (const std::string& pattern : patterns) globs.push_back(*Glob::compile(pattern, kind));
    return globs;
}

// "found TEXT", "none" or "gave up".
std::string search(Universe universe, const std::vector<std::string>& wanted, const std::vector<std::string>& unwanted,
                   std::uint64_t steps = 1'000'000) {
    const GlobKind kind = universe == Universe::path ? GlobKind::path : GlobKind::text;
    std::vector<std::vector<Glob>> lists;
    for (const std::string& pattern : wanted) lists.push_back(globs_of({pattern}, kind));
    lists.push_back(globs_of(unwanted, kind));
    std::vector<TextCondition> conditions;
    for (std::size_t i = 0; i < wanted.size(); ++i) conditions.push_back({lists[i], true});
    if (!unwanted.empty()) conditions.push_back({lists.back(), false});
    Budget budget(steps);
    const FoundText found = find_text(universe, conditions, budget);
    if (found.outcome == Search::gave_up) return "gave up";
    return found.outcome == Search::none ? "none" : "found " + found.text;
}

TEST(Language, FindsAPathThatOnePatternHasAndOthersLack) {
    EXPECT_EQ(search(Universe::path, {"/repos/**"}, {"/repos/acme/**"}), "found /repos/x");
    EXPECT_EQ(search(Universe::path, {"/a/*"}, {"/a/x", "/a/xyz"}), "found /a/");
    EXPECT_EQ(search(Universe::path, {"/a/*", "/*/b"}, {}), "found /a/b");
    EXPECT_EQ(search(Universe::path, {}, {"/", "/x", "/*"}), "found /y/");
}

TEST(Language, IsCertainThatThereIsNone) {
    EXPECT_EQ(search(Universe::path, {"/repos/acme/**"}, {"/repos/**"}), "none");
    EXPECT_EQ(search(Universe::path, {"/a/**"}, {"/a/", "/a/*", "/a/*/**"}), "none");
    EXPECT_EQ(search(Universe::path, {"/a*"}, {"/*"}), "none");
    EXPECT_EQ(search(Universe::path, {"/a", "/b"}, {}), "none");
    EXPECT_EQ(search(Universe::field_value, {"a*", "*b"}, {"*ab", "a*b"}), "none");
    EXPECT_EQ(search(Universe::query_value, {}, {"*"}), "none");
}

TEST(Language, NoTextIsOutsideOfItsUniverse) {
    // No canonical path has them: dot segments, empty segments, what could be decoded twice.
    EXPECT_EQ(search(Universe::path, {"/**/../**"}, {}), "none");
    EXPECT_EQ(search(Universe::path, {"/.;*"}, {}), "none");
    EXPECT_EQ(search(Universe::path, {"/*%2541*"}, {}), "none");
    EXPECT_EQ(search(Universe::path, {"/a%2F*"}, {}), "none");
    EXPECT_EQ(search(Universe::field_value, {" *"}, {}), "none");
    EXPECT_EQ(search(Universe::field_value, {"* "}, {}), "none");
    EXPECT_EQ(search(Universe::field_value, {"* *"}, {}), "found x x");
    EXPECT_EQ(search(Universe::query_value, {" *"}, {" x"}), "found  xyz");
}

TEST(Language, KnowsEncodedCharacters) {
    EXPECT_EQ(search(Universe::path, {"/%20*"}, {"/%20", "/%20x", "/%20xyz"}), "found /%20y");
    EXPECT_EQ(search(Universe::path, {"/%C3%A9"}, {"/%C3%A9"}), "none");
    EXPECT_EQ(search(Universe::path, {"/*0"}, {"/0", "/x0", "/xyz0"}), "found /a0");
    // The star may stand for a part of an encoded character.
    EXPECT_EQ(search(Universe::path, {"/%*0", "/*2*"}, {"/%*x*", "/%*y*", "/%*20*0"}), "found /%20");
}

TEST(Language, GivesUpWhenTheBudgetIsUsedUp) {
    std::vector<std::string> wanted;
    for (char c = 'a'; c <= 'p'; ++c) wanted.push_back(std::string("*") + c + "*" + c + "*");
    EXPECT_EQ(search(Universe::query_value, wanted, {}, 10'000), "gave up");
}

// Every text over a few characters, for random patterns: the search finds one exactly where there is one.
void compare_with_all_texts(Universe universe, std::string_view alphabet, std::size_t length_max) {
    std::vector<std::string> texts{""};
    for (std::size_t at = 0; at < texts.size(); ++at) {
        if (texts[at].size() == length_max) continue;
        for (const char c : alphabet) texts.push_back(texts[at] + c);
    }
    std::mt19937 random(7);
    const GlobKind kind = universe == Universe::path ? GlobKind::path : GlobKind::text;
    int found_count = 0;
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::vector<Glob>> lists;
        for (std::size_t i = 0; i < 3; ++i) {
            std::vector<std::string> patterns;
            for (std::size_t j = 0; j < 1 + random() % 2; ++j) {
                std::string pattern = universe == Universe::path ? "/" : "";
                for (std::size_t k = random() % 3; k > 0; --k)
                    pattern += random() % 2 != 0 ? "*" : std::string(1, alphabet[random() % alphabet.size()]);
                if (random() % 4 == 0) pattern += "**";
                patterns.push_back(pattern);
            }
            lists.push_back(globs_of(patterns, kind));
        }
        std::vector<TextCondition> conditions;
        for (std::size_t i = 0; i < 3; ++i) conditions.push_back({lists[i], i == 0 || (i == 1 && random() % 2 != 0)});
        Budget budget(5'000'000);
        const FoundText found = find_text(universe, conditions, budget);
        ASSERT_NE(found.outcome, Search::gave_up);
        const bool exists = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
            return is_in(universe, text) && meets(text, conditions);
        });
        if (found.outcome == Search::found) {
            ++found_count;
            EXPECT_TRUE(is_in(universe, found.text)) << found.text;
            EXPECT_TRUE(meets(found.text, conditions)) << found.text;
        } else {
            EXPECT_FALSE(exists);
        }
        // What exists over these characters must be found, and short patterns need no longer texts.
        EXPECT_TRUE(!exists || found.outcome == Search::found);
    }
    EXPECT_GT(found_count, 300);
    EXPECT_LT(found_count, 2900);
}

TEST(Language, AgreesWithTryingEveryPath) { compare_with_all_texts(Universe::path, "a/.;", 6); }
TEST(Language, AgreesWithTryingEveryFieldValue) { compare_with_all_texts(Universe::field_value, "ab ", 7); }
TEST(Language, AgreesWithTryingEveryQueryValue) { compare_with_all_texts(Universe::query_value, "ab", 9); }

}  // namespace
}  // namespace sallyport::rules
