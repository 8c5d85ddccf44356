#include "proxy/scrub_chain.h"

#include <gtest/gtest.h>

#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

const std::string kSecret = "marker-secret-8d1f2c";
const std::string kSession = "marker-session-77aa01";

std::string stars(const std::string& text) { return std::string(text.size(), '*'); }

ScrubChain chain_of_two() {
    ScrubChain chain;
    chain.add(rules::needles_of({kSecret}));
    chain.add(nullptr);
    chain.add(rules::needles_of({kSession}));
    return chain;
}

TEST(ScrubChain, FindsTheNeedlesOfEverySetAtEverySplit) {
    const std::string text = "a " + kSecret + " b " + kSession + " c " + kSession + kSecret;
    const std::string expected = "a " + stars(kSecret) + " b " + stars(kSession) + " c " + stars(kSession + kSecret);
    for (std::size_t split = 0; split <= text.size(); ++split) {
        ScrubChain chain = chain_of_two();
        Buffer out;
        chain.feed(std::string_view(text).substr(0, split), out);
        chain.feed(std::string_view(text).substr(split), out);
        chain.finish(out);
        EXPECT_EQ(out.view(), expected) << split;
        EXPECT_EQ(chain.found(), 4u);
    }
}

TEST(ScrubChain, OfNothingPassesEverythingOnAtOnce) {
    ScrubChain chain;
    Buffer out;
    chain.feed(kSecret, out);
    EXPECT_EQ(out.view(), kSecret);
    EXPECT_EQ(chain.longest_bytes(), 0u);
}

TEST(ScrubChain, ScrubsWhatIsWholeBetweenThePiecesOfAText) {
    ScrubChain chain = chain_of_two();
    Buffer out;
    chain.feed("x" + kSecret.substr(0, 5), out);
    std::string field = "Bearer " + kSession;
    EXPECT_TRUE(chain.scrub_whole(field));
    EXPECT_EQ(field, "Bearer " + stars(kSession));
    std::string other = "nothing";
    EXPECT_FALSE(chain.scrub_whole(other));
    chain.feed(kSecret.substr(5), out);
    chain.finish(out);
    EXPECT_EQ(out.view(), "x" + stars(kSecret));
    EXPECT_EQ(chain.found(), 2u);
}

TEST(ScrubChain, APauseLetsGoOfAFewBytesAndNoMore) {
    ScrubChain chain = chain_of_two();
    Buffer out;
    chain.feed("event: m", out);
    EXPECT_EQ(chain.held_bytes(), 1u);
    chain.pause(out);
    EXPECT_EQ(out.view(), "event: m");
    chain.feed("a", out);
    chain.feed(kSecret.substr(2, 8), out);
    chain.pause(out);
    chain.feed(kSecret.substr(10), out);
    chain.finish(out);
    EXPECT_EQ(out.view(), "event: m" + stars(kSecret.substr(1)));
}

TEST(ScrubChain, WhatIsHeldWhenATextBreaksOffIsDropped) {
    ScrubChain chain = chain_of_two();
    Buffer out;
    chain.feed("< " + kSecret.substr(0, 12), out);
    chain.abandon();
    EXPECT_EQ(chain.held_bytes(), 0u);
    chain.finish(out);
    EXPECT_EQ(out.view(), "< ");
}

TEST(ScrubChain, AtTheEndOfAMessageEveryLinkLetsGo) {
    for (const std::string& secret : {kSecret, kSession}) {
        ScrubChain chain = chain_of_two();
        EXPECT_FALSE(chain.empty());
        Buffer out;
        chain.feed("a " + secret.substr(0, 12), out);
        chain.end_message(out);
        EXPECT_EQ(chain.held_bytes(), 0u);
        chain.feed(secret.substr(12) + " b", out);
        chain.end_message(out);
        EXPECT_EQ(out.view(), "a " + stars(secret) + " b");
    }
    EXPECT_TRUE(ScrubChain().empty());
}

}  // namespace
}  // namespace sallyport::proxy
