#include "rules/needle_scan.h"

#include <gtest/gtest.h>

#include "tests/rules/scrub.h"
#include "tests/rules/slow_scrub.h"
#include "tests/rules/spelling.h"

namespace sallyport::rules {
namespace {

// Pieces of escapes and of spelt secrets, some cut short, so that nearly everything is nearly a needle.
std::string confusing_text(Random& random, const std::vector<std::string>& secrets) {
    const char* scraps[] = {"%", "\\", "\\u", "\\u00", "&", "&#", "&#x", "&#0",
                            ";", "\n", "\r",  "\\n",   "=", "61", "4",   "*"};
    std::string text;
    while (text.size() < 40) {
        const std::string& secret = secrets[pick(random, secrets.size())];
        switch (pick(random, 4)) {
            case 0: text += scraps[pick(random, std::size(scraps))]; break;
            case 1: text += secret[pick(random, secret.size())]; break;
            default: {
                const Spelt spelt = spell(random, secret, static_cast<Spelling>(pick(random, kSpellings)));
                const std::size_t from = pick(random, 3) == 0 ? pick(random, spelt.text.size()) : 0;
                const std::size_t size = pick(random, 2) == 0 ? spelt.text.size() : pick(random, spelt.text.size());
                text += spelt.text.substr(from, size);
            }
        }
    }
    return text;
}

void compare(const std::vector<std::string>& secrets, std::string_view text, Random& random) {
    const std::string expected = slow_scrub(text, secrets);
    for (const auto speed : {StartFilter::Speed::best, StartFilter::Speed::portable}) {
        const auto needles = needles_of(secrets, {}, speed);
        ASSERT_EQ(needles->fill(), '*');
        ASSERT_EQ(scrub_whole(needles, text), expected) << text;
        const auto at_random = [&](std::size_t) { return 1 + pick(random, 9); };
        ASSERT_EQ(scrub_in_pieces(needles, text, at_random), expected) << text;
        ASSERT_EQ(scrub_in_pieces(needles, text, [](std::size_t) { return 1; }), expected) << text;
    }
}

TEST(NeedleScan, DoesWhatTryingEverythingDoes) {
    Random random(2);
    const char* alphabets[] = {"ab", "aA1", "a%2", "\\u0", "&#;1", "a /", "ab%61", "a&;lt<", "+/-_", "s"};
    for (int round = 0; round < 3'000; ++round) {
        std::vector<std::string> secrets;
        for (std::size_t i = 0; i <= pick(random, 3); ++i) {
            const char* alphabet = alphabets[pick(random, std::size(alphabets))];
            secrets.push_back(random_string(random, alphabet, 4 + pick(random, 6)));
        }
        compare(secrets, confusing_text(random, secrets), random);
        if (HasFatalFailure()) return;
    }
}

TEST(NeedleScan, EveryByteOfOverlappingSecretsIsOverwritten) {
    const auto needles = needles_of({"abcdef", "defghi", "cde-", "bcde"});
    EXPECT_EQ(scrub_whole(needles, "xabcdefghix"), "x*********x");
    EXPECT_EQ(scrub_whole(needles, "abcdexabcde-defgh"), "a****xa*****defgh");
    EXPECT_EQ(scrub_whole(needles_of({"aaaa"}), "aaa aaaaaaa aaa"), "aaa ******* aaa");
}

TEST(NeedleScan, ANeedleGoesOnWhereItCannotBeSeenAnyMore) {
    const auto needles = needles_of({"secret-value"});
    NeedleScan scan(*needles);
    std::string window = "a sec";
    EXPECT_EQ(scan.run(window.data(), 0, window.size(), 0), 2u);
    EXPECT_EQ(scan.longest_attempt(5), 3u);
    window = "ret-value b";
    EXPECT_EQ(scan.run(window.data(), 0, window.size(), 5), window.size());
    EXPECT_EQ(window, "********* b");
    EXPECT_EQ(scan.found(), 1u);
}

}  // namespace
}  // namespace sallyport::rules
