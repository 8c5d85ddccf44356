#include "rules/glob.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/percent.h"

namespace sallyport::rules {
namespace {

bool matches(std::string_view pattern, std::string_view text, GlobKind kind = GlobKind::path) {
    return Glob::compile(pattern, kind)->matches(text);
}

TEST(Glob, StarStaysInASegmentAndTwoStarsDoNot) {
    struct Case {
        const char* pattern;
        const char* text;
        bool expected;
    };
    const Case cases[] = {
        {"/a", "/a", true},
        {"/a", "/a/", false},
        {"/a", "/ab", false},
        {"/a/*", "/a/b", true},
        {"/a/*", "/a/", true},
        {"/a/*", "/a/b/c", false},
        {"/a/*", "/a", false},
        {"/a/**", "/a/b/c", true},
        {"/a/**", "/a/", true},
        {"/a/**", "/a", false},
        {"/a/**", "/ab", false},
        {"/**", "/", true},
        {"/*/b", "/a/b", true},
        {"/*/b", "/a/c/b", false},
        {"/**/b", "/a/c/b", true},
        {"/**/b", "/b", false},
        {"/*.json", "/x.json", true},
        {"/*.json", "/x.jsonp", false},
        {"/**/info/*", "/a/info/b/info/refs", true},
        {"/**/info/*", "/a/info/b/c", false},
        {"/a***b", "/a/x/b", true},
        {"*", "*", true},
        {"*", "/", false},
        {"/a.c", "/abc", false},
        {"/[a]", "/a", false},
        {"/a?c", "/abc", false},
    };
    for (const Case& each : cases)
        EXPECT_EQ(matches(each.pattern, each.text), each.expected) << each.pattern << ' ' << each.text;
}

TEST(Glob, StarIsAnyRunOutsideOfPaths) {
    EXPECT_TRUE(matches("application/*", "application/json; a/b", GlobKind::text));
    EXPECT_TRUE(matches("*", "", GlobKind::text));
    EXPECT_TRUE(matches("", "", GlobKind::text));
    EXPECT_FALSE(matches("", "a", GlobKind::text));
    EXPECT_TRUE(matches("https://*.example/*", "https://a.example/b/c", GlobKind::text));
}

TEST(Glob, ControlCharactersOfATextAreNoStars) {
    EXPECT_FALSE(matches("/a*c", std::string("/a/\1c")));
    EXPECT_FALSE(matches("/*a/b", "/a\1/b"));
    EXPECT_TRUE(matches("/*", "/\1\2"));
    EXPECT_FALSE(matches("/*x", "/\1"));
}

TEST(Glob, RefusesControlCharactersAndLongPatterns) {
    EXPECT_FALSE(Glob::compile("/a\1", GlobKind::path));
    EXPECT_FALSE(Glob::compile("/a\x7f", GlobKind::path));
    EXPECT_FALSE(Glob::compile(std::string(1001, 'a'), GlobKind::path));
    const std::string longest(1000, 'a');
    EXPECT_TRUE(matches(longest, longest));
    EXPECT_TRUE(matches(std::string(999, 'a') + "*", std::string(999, 'a')));
}

// By the book: try everything.
bool slow_match(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] != '*')
        return !text.empty() && pattern[0] == text[0] && slow_match(pattern.substr(1), text.substr(1));
    const auto stars = std::min(pattern.find_first_not_of('*'), pattern.size());
    const auto rest = pattern.substr(stars);
    for (std::size_t taken = 0;; ++taken) {
        if (slow_match(rest, text.substr(taken))) return true;
        if (taken == text.size() || (stars == 1 && text[taken] == '/')) return false;
    }
}

TEST(Glob, AgreesWithASlowReading) {
    std::mt19937 random(1);
    const auto word = [&](std::string_view alphabet, std::size_t size_max) {
        std::string text;
        for (auto size = random() % (size_max + 1); size > 0; --size) text += alphabet[random() % alphabet.size()];
        return text;
    };
    for (int i = 0; i < 200'000; ++i) {
        const std::string pattern = word("a/b**", 8);
        const std::string text = word("ab/", 9);
        ASSERT_EQ(matches(pattern, text), slow_match(pattern, text)) << pattern << ' ' << text;
        const auto glob = Glob::compile(pattern, GlobKind::path);
        ASSERT_EQ(glob->matches_each(PercentReader(text)), slow_match(pattern, text)) << pattern << ' ' << text;
    }
}

TEST(Glob, ThreatP9NoPatternExplodes) {
    std::string pattern = "/";
    for (int i = 0; i < 300; ++i) pattern += "**a*";
    pattern.resize(900);
    const std::string text = "/" + std::string(30'000, 'a');
    // Whoever backtracks is here for ever.
    EXPECT_FALSE(matches(pattern + "b", text));
}

}  // namespace
}  // namespace sallyport::rules
