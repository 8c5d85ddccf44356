#include "rules/sample_hosts.h"

#include <gtest/gtest.h>

#include <random>

#include "http/authority.h"

namespace sallyport::rules {
namespace {

std::vector<HostPattern> patterns_of(const std::vector<std::string>& texts) {
    std::vector<HostPattern> patterns;
    for (const std::string& text : texts) patterns.push_back(*parse_host_pattern(text));
    return patterns;
}

std::vector<std::string> samples(const std::string& pattern, const std::vector<std::string>& among) {
    std::vector<std::string> names;
    SampleHosts(patterns_of(among)).each(*parse_host_pattern(pattern), [&](const std::string& name) {
        names.push_back(name);
        return true;
    });
    return names;
}

using Names = std::vector<std::string>;

TEST(SampleHosts, ANameStandsForItself) { EXPECT_EQ(samples("a.example", {"**", "*.example"}), Names{"a.example"}); }

TEST(SampleHosts, AWildcardHasANameThatNoOtherPatternIsAboutFirst) {
    EXPECT_EQ(samples("*.a.example", {"*.a.example", "b.a.example"}), (Names{"other.a.example", "b.a.example"}));
    EXPECT_EQ(samples("**.a.example", {"**.a.example"}), (Names{"other.a.example", "other.other.a.example"}));
    EXPECT_EQ(samples("**", {"**"}), (Names{"other.example", "example"}));
}

TEST(SampleHosts, MadeUpLabelsAreOfNoPattern) {
    EXPECT_EQ(samples("*.a.example", {"other.a.example", "*.a.example"}),
              (Names{"another.a.example", "other.a.example"}));
}

TEST(SampleHosts, ThereIsRoomInLongNames) {
    std::string longest = "a";
    while (longest.size() < 251) longest += ".abcdefghi";
    ASSERT_EQ(longest.size(), 251u);
    EXPECT_EQ(samples("*." + longest, {"*." + longest}), Names{"b." + longest});
    EXPECT_EQ(samples("*.bc" + longest, {}), Names{});
}

// All names over two labels, for random patterns: each is told apart by them as one of the samples is.
TEST(SampleHosts, EveryNameIsToldApartAsOneOfThem) {
    Names names;
    for (const std::string a : {"", "a.", "b.", "c."}) {
        for (const std::string b : {"", "a.", "b.", "c."}) {
            for (const std::string c : {"", "a.", "b.", "c."}) {
                for (const std::string d : {"a", "b", "c"}) names.push_back(a + b + c + d);
            }
        }
    }
    std::mt19937 random(11);
    for (int round = 0; round < 500; ++round) {
        std::vector<HostPattern> patterns;
        for (int i = 0; i < 4; ++i) {
            std::string text;
            for (std::size_t k = random() % 3; k > 0; --k) text += random() % 3 != 0 ? "*." : "**.";
            for (std::size_t k = random() % 2; k > 0; --k) text += random() % 2 != 0 ? "a." : "b.";
            patterns.push_back(*parse_host_pattern(text + (random() % 2 != 0 ? "a" : "b")));
        }
        const auto signature = [&](const std::string& name) {
            std::string text;
            for (const HostPattern& pattern : patterns) text += matches(pattern, name) ? '1' : '0';
            return text;
        };
        std::set<std::string> sampled;
        SampleHosts(patterns).each(patterns[0], [&](const std::string& name) {
            EXPECT_TRUE(matches(patterns[0], name)) << name;
            EXPECT_EQ(*http::canonical_host(name), name);
            sampled.insert(signature(name));
            return true;
        });
        for (const std::string& name : names) {
            if (!matches(patterns[0], name)) continue;
            EXPECT_TRUE(sampled.contains(signature(name))) << name << ' ' << to_string(patterns[0]);
        }
    }
}

}  // namespace
}  // namespace sallyport::rules
