#include "rules/scrubber.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rules/scrub.h"
#include "tests/rules/spelling.h"

namespace sallyport::rules {
namespace {

const std::string kSecret = "marker-Secret/42+x";

std::string stars(std::size_t count) { return std::string(count, '*'); }

TEST(Scrubber, R1_TheSecretIsOverwrittenAndNothingElse) {
    const auto needles = needles_of({kSecret}, {"Bearer " + kSecret});
    EXPECT_EQ(scrub_whole(needles, "{\"headers\":{\"Authorization\":\"Bearer " + kSecret + "\"}}"),
              "{\"headers\":{\"Authorization\":\"Bearer " + stars(kSecret.size()) + "\"}}");
    EXPECT_EQ(scrub_whole(needles, kSecret + kSecret), stars(2 * kSecret.size()));
    EXPECT_EQ(scrub_whole(needles, kSecret.substr(1)), kSecret.substr(1));
    EXPECT_EQ(scrub_whole(needles, ""), "");
}

TEST(Scrubber, R2_ItIsFoundAtEverySplit) {
    const auto needles = needles_of({kSecret});
    Random random(4);
    for (int spelling = 0; spelling < kSpellings; ++spelling) {
        const Spelt spelt = spell(random, kSecret, static_cast<Spelling>(spelling));
        const std::string text = "<<" + spelt.text + ">>";
        std::string expected = text;
        expected.replace(2 + spelt.begin, spelt.end - spelt.begin, stars(spelt.end - spelt.begin));
        for (std::size_t split = 1; split < text.size(); ++split) {
            bool is_first = true;
            EXPECT_EQ(scrub_in_pieces(needles, text,
                                      [&](std::size_t left) { return std::exchange(is_first, false) ? split : left; }),
                      expected)
                << spelling << ' ' << split;
        }
        EXPECT_EQ(scrub_in_pieces(needles, text, [](std::size_t) { return 1; }), expected) << spelling;
    }
}

TEST(Scrubber, R4_AnyAmountIsLookedThroughInConstantMemory) {
    const auto needles = needles_of({kSecret});
    Scrubber scrubber(needles);
    Buffer out;
    const std::string filler(100'000, 'm');
    std::size_t overwritten = 0;
    std::size_t left = 0;
    for (int i = 0; i < 300; ++i) {
        scrubber.feed(filler, out);
        scrubber.feed(kSecret.substr(0, 9), out);
        EXPECT_LE(scrubber.held_bytes(), 10u);
        scrubber.feed(kSecret.substr(9) + "|", out);
        EXPECT_EQ(scrubber.held_bytes(), 0u);
        overwritten += static_cast<std::size_t>(std::count(out.view().begin(), out.view().end(), '*'));
        left += out.size();
        out.clear();
    }
    EXPECT_EQ(overwritten, 300 * kSecret.size());
    EXPECT_EQ(left, 300 * (filler.size() + kSecret.size() + 1));
    EXPECT_EQ(scrubber.found(), 300u);
}

TEST(Scrubber, R5_EveryListedEncodingIsFound) {
    const auto needles = needles_of({kSecret}, {"Basic " + base64("user:" + kSecret)});
    const std::string encodings[] = {
        "marker-Secret%2F42%2Bx",
        "%6d%61%72%6B%65%72%2d%53%65%63%72%65%74%2f%34%32%2B%78",
        "m%61rker-Secret%2f42+x",
        "\\u006d\\u0061\\u0072\\u006B\\u0065\\u0072-Secret\\u002F42+x",
        "marker-Secret\\/42\\u002bx",
        "marker-Secret&#47;42&#x2b;x",
        "&#x6D;arker-Secret&#x02F;42+x",
        "6d61726b65722d5365637265742f34322b78",
        "6D61726B65722D5365637265742F34322B78",
        "MARKER-SECRET/42+X",
        std::string("m\0a\0r\0k\0e\0r\0-\0S\0e\0c\0r\0e\0t\0/\0004\0002\0+\0x\0", 36),
        std::string("\0m\0a\0r\0k\0e\0r\0-\0S\0e\0c\0r\0e\0t\0/\0004\0002\0+\0x", 36),
        base64(kSecret),
    };
    for (const auto& encoding : encodings) {
        EXPECT_EQ(scrub_whole(needles, "[" + encoding + "]"), "[" + stars(encoding.size()) + "]") << encoding;
    }
}

TEST(Scrubber, R5_CharactersBeyondAsciiAreFoundAsEachStandardEscapesThem) {
    const std::string secret = "p\xc3\xa4ss-\xe2\x82\xac-\xf0\x9f\x98\x80";
    const auto needles = needles_of({secret});
    for (const std::string& encoding : {secret, std::string("p%C3%A4ss-%e2%82%ac-%F0%9F%98%80"),
                                       std::string("p\\u00e4ss-\\u20ac-\\ud83d\\ude00"),
                                       std::string("p&#228;ss-&#8364;-&#x1f600;")}) {
        EXPECT_EQ(scrub_whole(needles, "[" + encoding + "]"), "[" + stars(encoding.size()) + "]") << encoding;
    }
}

TEST(Scrubber, R8_AHeaderFieldsValueOrReasonPhraseIsScrubbedWhole) {
    const auto needles = needles_of({kSecret});
    std::string location = "https://other.example/?token=marker-Secret%2F42%2Bx&next=1";
    EXPECT_TRUE(scrub_text(*needles, location));
    EXPECT_EQ(location, "https://other.example/?token=" + stars(22) + "&next=1");
    std::string lower_case = "x-marker-secret/42+x";
    EXPECT_TRUE(scrub_text(*needles, lower_case));
    EXPECT_EQ(lower_case, "x-" + stars(18));
    std::string plain = "text/html";
    EXPECT_FALSE(scrub_text(*needles, plain));
    EXPECT_EQ(plain, "text/html");
    std::string cut_off = "marker-Secret/42+";
    EXPECT_FALSE(scrub_text(*needles, cut_off));
    EXPECT_EQ(cut_off, "marker-Secret/42+");
}

TEST(Scrubber, R9_WhatBreaksOffIsDroppedWhereItCouldNotBeJudged) {
    Scrubber scrubber(needles_of({kSecret}));
    Buffer out;
    scrubber.feed("text marker-Sec", out);
    EXPECT_EQ(out.view(), "text ");
    scrubber.abandon();
    EXPECT_EQ(scrubber.held_bytes(), 0u);
    scrubber.finish(out);
    EXPECT_EQ(out.view(), "text ");
    scrubber.feed("ret/42+x " + kSecret, out);
    scrubber.finish(out);
    EXPECT_EQ(out.view(), "text ret/42+x " + stars(kSecret.size()));
}

TEST(Scrubber, R14_AMessageIsNotHeldBackByWhatItsLastByteMightBegin) {
    Scrubber scrubber(needles_of({kSecret}));
    Buffer out;
    scrubber.feed("data: {\"a\":1}\n\n", out);
    EXPECT_EQ(out.view(), "data: {\"a\":1}\n\n");
    out.clear();
    scrubber.feed("them", out);
    EXPECT_EQ(out.view(), "the");
    scrubber.finish(out);
    EXPECT_EQ(out.view(), "them");
}

TEST(Scrubber, R14_InAPauseAtMostTheFirstBytesOfASecretAreLetGo) {
    const auto needles = needles_of({kSecret});
    for (std::size_t paused_at = 1; paused_at < kSecret.size(); ++paused_at) {
        Scrubber scrubber(needles);
        Buffer out;
        scrubber.feed("x" + kSecret.substr(0, paused_at), out);
        scrubber.pause(out);
        const std::size_t shown = paused_at <= kPausedBytesMax ? paused_at : 0;
        EXPECT_EQ(out.view(), "x" + kSecret.substr(0, shown));
        scrubber.feed(kSecret.substr(paused_at) + "y", out);
        scrubber.pause(out);
        scrubber.finish(out);
        EXPECT_EQ(out.view(), "x" + kSecret.substr(0, shown) + stars(kSecret.size() - shown) + "y");
    }
    Scrubber scrubber(needles);
    Buffer out;
    for (const char c : kSecret) {
        scrubber.feed(std::string_view(&c, 1), out);
        scrubber.pause(out);
    }
    scrubber.finish(out);
    EXPECT_EQ(out.view(), kSecret.substr(0, kPausedBytesMax) + stars(kSecret.size() - kPausedBytesMax));
}

TEST(Scrubber, R14_WhatAMessageEndsInIsOverwrittenWhereItTellsMuchOfASecret) {
    const auto needles = needles_of({kSecret});
    for (std::size_t cut = 1; cut < kSecret.size(); ++cut) {
        Scrubber scrubber(needles);
        Buffer out;
        scrubber.feed("x" + kSecret.substr(0, cut), out);
        scrubber.end_message(out);
        EXPECT_EQ(scrubber.held_bytes(), 0u);
        const std::string shown = cut < kTellingBytesMin ? kSecret.substr(0, cut) : stars(cut);
        EXPECT_EQ(out.view(), "x" + shown);
        scrubber.feed(kSecret.substr(cut) + "y" + kSecret, out);
        scrubber.end_message(out);
        EXPECT_EQ(out.view(), "x" + shown + stars(kSecret.size() - cut) + "y" + stars(kSecret.size()));
    }
}

TEST(Scrubber, R6_HalfASecretWithoutItsRestIsCounted) {
    const auto needles = needles_of({kSecret});
    const auto parts_in = [&](const std::string& text) {
        Scrubber scrubber(needles);
        Buffer out;
        for (const char c : text) scrubber.feed({&c, 1}, out);
        scrubber.finish(out);
        EXPECT_EQ(scrubber.found(), 0u);
        return scrubber.parts();
    };
    const std::string half = kSecret.substr(0, kSecret.size() / 2);
    EXPECT_EQ(parts_in("offset=0: " + half + "."), 1u);
    EXPECT_EQ(parts_in(half), 1u) << "the text ends";
    EXPECT_EQ(parts_in(half + " " + half + "-Secre " + half), 3u);
    EXPECT_EQ(parts_in("m%61rker-Secr "), 1u);
    EXPECT_EQ(parts_in(half.substr(0, half.size() - 1) + "."), 0u) << "less than half";
    EXPECT_EQ(parts_in("a text about markers"), 0u);
    Scrubber scrubber(needles_of({"abcdabcdabcdabcdabcd"}));
    Buffer out;
    scrubber.feed("abcdabcdabcdabcdabcd.", out);
    EXPECT_EQ(scrubber.found(), 1u);
    EXPECT_EQ(scrubber.parts(), 0u) << "what stands inside of it is no other";
}

TEST(Scrubber, R17_LengthsStay) {
    const auto needles = needles_of({kSecret});
    Random random(5);
    for (int i = 0; i < 500; ++i) {
        const std::string text = random_string(random, kTokenCharacters, pick(random, 50)) +
                                 spell(random, kSecret, static_cast<Spelling>(pick(random, kSpellings))).text +
                                 random_string(random, kTokenCharacters, pick(random, 50));
        const auto at_random = [&](std::size_t) { return 1 + pick(random, 30); };
        EXPECT_EQ(scrub_in_pieces(needles, text, at_random).size(), text.size());
    }
}

TEST(Scrubber, AfterTheEndAnotherPartBegins) {
    Scrubber scrubber(needles_of({kSecret}));
    Buffer out;
    scrubber.feed("marker-Sec", out);
    scrubber.finish(out);
    scrubber.feed("ret/42+x", out);
    scrubber.finish(out);
    EXPECT_EQ(out.view(), "marker-Secret/42+x");
}

TEST(Scrubber, ANeedleAtTheEndThatCouldGoOnIsOverwritten) {
    const auto needles = needles_of({"abcdef12"});
    EXPECT_EQ(scrub_whole(needles, "abcdef1&#50"), stars(11));
    EXPECT_EQ(scrub_whole(needles, "abcdef1&#50;;"), stars(12) + ";");
}

}  // namespace
}  // namespace sallyport::rules
