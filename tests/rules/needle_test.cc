#include "rules/needle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rules/needle_edges.h"

namespace sallyport::rules {
namespace {

// What follows one way through a needle: for each unit the first plain byte.
std::string first_spelling(const Needle& needle) {
    std::string text;
    for (NeedleState state; !is_whole(needle, state);) {
        bool is_first = true;
        NeedleState after;
        for_each_edge(needle, state, [&](std::uint8_t byte, const NeedleState& next) {
            if (!is_first) return;
            text += static_cast<char>(byte);
            after = next;
            is_first = false;
        });
        if (is_first) return text + "?";
        state = after;
    }
    return text;
}

bool accepts(const Needle& needle, std::string_view text) {
    std::vector<NeedleState> states{{}};
    for (const char c : text) {
        std::vector<NeedleState> next_states;
        for (const auto& state : states) {
            for_each_edge(needle, state, [&](std::uint8_t byte, const NeedleState& next) {
                if (byte == static_cast<std::uint8_t>(c)) next_states.push_back(next);
            });
        }
        states = next_states;
    }
    return std::any_of(states.begin(), states.end(), [&](const NeedleState& state) { return is_whole(needle, state); });
}

TEST(Needle, CountsTheUnitsOfEachForm) {
    EXPECT_EQ(make_needle("secret", Form::text).units, 6u);
    EXPECT_EQ(make_needle("secret", Form::hex).units, 12u);
    EXPECT_EQ(make_needle("secret", Form::base64_0).units, 8u);
    EXPECT_EQ(make_needle("secret", Form::base64_1).units, 9u);
    EXPECT_EQ(make_needle("secret", Form::base64_2).units, 9u);
    EXPECT_EQ(make_needle("secre", Form::base64_0).units, 7u);
    EXPECT_EQ(make_needle(std::string_view("a\0b\0", 4), Form::utf16_le).units, 4u);
    EXPECT_EQ(make_needle(std::string_view("a\0b\0", 4), Form::code_units).units, 2u);
}

TEST(Needle, KnowsWhichBitsOfBase64AreTheTexts) {
    const Needle second = make_needle("\xff\xff\xff\xff", Form::base64_1);
    ASSERT_EQ(second.units, 6u);
    const std::uint8_t masks[] = {0b001111, 63, 63, 63, 63, 0b111100};
    for (std::uint32_t unit = 0; unit < second.units; ++unit) {
        EXPECT_EQ(sextet(second, unit).mask, masks[unit]) << unit;
        EXPECT_EQ(sextet(second, unit).bits, masks[unit]) << unit;
    }
    const Needle third = make_needle(std::string_view("\0\0", 2), Form::base64_2);
    EXPECT_EQ(third.units, 4u);
    EXPECT_EQ(sextet(third, 0).mask, 0b000011);
    EXPECT_EQ(sextet(third, 0).bits, 0);
    EXPECT_EQ(sextet(third, 2).mask, 0b111111);
    EXPECT_EQ(sextet(third, 3).mask, 0b110000);
}

TEST(Needle, SpellsEachForm) {
    EXPECT_EQ(first_spelling(make_needle("Sec/", Form::text)), "Sec/");
    EXPECT_EQ(first_spelling(make_needle("Sec/", Form::hex)), "5365632f");
    EXPECT_EQ(first_spelling(make_needle("secret", Form::base64_0)), "c2VjcmV0");
    const std::string_view utf16("a\0\xe9\0", 4);
    EXPECT_EQ(first_spelling(make_needle(utf16, Form::utf16_le)), utf16);
    EXPECT_EQ(first_spelling(make_needle(utf16, Form::utf16_be)), std::string_view("\0a\0\xe9", 4));
}

TEST(Needle, IsFoundInEveryBase64OfSomethingAroundIt) {
    EXPECT_TRUE(accepts(make_needle("secret", Form::base64_0), "c2VjcmV0"));
    EXPECT_TRUE(accepts(make_needle("secret", Form::base64_1), "HNlY3JldH"));  // "xsecretx" is eHNlY3JldHg=
    EXPECT_TRUE(accepts(make_needle("secret", Form::base64_1), "nNlY3JldA"));  // another before and none behind
    EXPECT_FALSE(accepts(make_needle("secret", Form::base64_1), "INlY3JldH"));
    EXPECT_TRUE(accepts(make_needle("secret", Form::base64_2), "hzZWNyZXQ"));  // "xxsecret" is eHhzZWNyZXQ=
    EXPECT_TRUE(accepts(make_needle("secret", Form::base64_0), "c2Vj\r\ncm\\nV0"));
    EXPECT_FALSE(accepts(make_needle("secret", Form::base64_0), "c2Vj\n\ncmV0"));
}

TEST(Needle, TakesEveryEscapeOfACharacter) {
    const Needle needle = make_needle("a/&\"", Form::text);
    for (const char* text : {"a/&\"", "%61%2f%26%22", "a%2F&%22", "\\u0061\\u002f\\u0026\\u0022", "a\\/&\\\"",
                             "&#97;/&amp;&quot;", "&#x61&#X2F;&amp&#00034;", "\\u0061%2f&amp;\""}) {
        EXPECT_TRUE(accepts(needle, text)) << text;
    }
    for (const char* text : {"a/&", "%6/&\"", "\\u061/&\"", "&#000000097;/&\"", "A/&\"", "a//&\""}) {
        EXPECT_FALSE(accepts(needle, text)) << text;
    }
}

TEST(Needle, TakesCharactersBeyondAsciiByTheirNumber) {
    // "é€😀ab" in UTF-16.
    const std::string_view utf16("\xe9\x00\xac\x20\x3d\xd8\x00\xde\x61\x00\x62\x00", 12);
    const Needle needle = make_needle(utf16, Form::code_units);
    EXPECT_TRUE(accepts(needle, "\\u00e9\\u20AC\\ud83d\\ude00ab"));
    EXPECT_TRUE(accepts(needle, "&#233;&#8364;&#128512;a&#98;"));
    EXPECT_TRUE(accepts(needle, "&#xe9;&#x20ac;&#x1F600;ab"));
    EXPECT_FALSE(accepts(needle, "&#xe9;&euro;&#x1F600;ab"));
    EXPECT_FALSE(accepts(needle, "\\u00e9\\u20AC\\ud83dab"));
}

TEST(Needle, NoOccurrenceIsLongerThanItSays) {
    const std::string longest = "&#x0000061;&#x000002f;&#00000115;";
    const Needle needle = make_needle("a/s", Form::text);
    EXPECT_TRUE(accepts(needle, longest));
    EXPECT_LE(longest.size(), longest_bytes(needle));
    EXPECT_EQ(longest_bytes(make_needle("abcd", Form::hex)), 8u);
}

}  // namespace
}  // namespace sallyport::rules
