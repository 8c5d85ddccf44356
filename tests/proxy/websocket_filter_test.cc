#include "proxy/websocket_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/http/websocket_frames.h"

namespace sallyport::proxy {
namespace {

using http::client_frame;
using http::read_frames;
using http::read_messages;
using http::server_frame;
using Messages = std::vector<std::string>;

const std::string kSecret = "marker-Secret/42+x";

std::string stars(std::size_t count) { return std::string(count, '*'); }

ScrubChain chain_of(std::string_view secret = kSecret) {
    const std::string_view secrets[] = {secret};
    ScrubChain chain;
    chain.add(rules::NeedleSet::compile(secrets));
    return chain;
}

// Counts up: a mask that is never the same.
class CountingRandom final : public Random {
public:
    void fill(std::span<unsigned char> bytes) override {
        for (auto& byte : bytes) byte = ++last_;
    }

private:
    unsigned char last_ = 0;
};

using Feed = std::function<Result<void>(std::string_view, Buffer&)>;

std::string feed_in_pieces(const Feed& feed, std::string_view bytes, const std::function<std::size_t()>& next_size) {
    Buffer out;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, next_size());
        bytes.remove_prefix(piece.size());
        EXPECT_TRUE(feed(piece, out));
    }
    return std::string(out.view());
}

std::string scrubbed(std::string_view bytes, const std::function<std::size_t()>& next_size,
                     std::string_view secret = kSecret) {
    WebSocketScrubber scrubber(chain_of(secret));
    return feed_in_pieces([&](std::string_view piece, Buffer& out) { return scrubber.feed(piece, out); }, bytes,
                          next_size);
}

// What the sandbox's application sees, the same however the bytes were cut.
Messages scrubbed_messages(std::string_view bytes, std::string_view secret = kSecret) {
    const auto expected = read_messages(scrubbed(bytes, [&] { return bytes.size(); }, secret));
    EXPECT_EQ(read_messages(scrubbed(bytes, [] { return 1; }, secret)), expected);
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::minstd_rand random(seed + 1);
        const auto cut = [&] { return static_cast<std::size_t>(1 + random() % (seed + 2)); };
        EXPECT_EQ(read_messages(scrubbed(bytes, cut, secret)), expected) << seed;
    }
    return expected;
}

TEST(WebSocketScrubber, R14_TextAndBinaryMessagesAreScrubbed) {
    EXPECT_EQ(scrubbed_messages(server_frame(0x81, "a " + kSecret + " b") + server_frame(0x82, kSecret)),
              Messages({"text:a " + stars(18) + " b", "binary:" + stars(18)}));
    EXPECT_EQ(scrubbed_messages(server_frame(0x81, "marker%2DSecret\\/42+x")), Messages({"text:" + stars(21)}));
}

TEST(WebSocketScrubber, R14_ASecretIsFoundAcrossTheFramesOfAMessage) {
    for (std::size_t one = 0; one <= kSecret.size(); ++one) {
        for (std::size_t two = one; two <= kSecret.size(); ++two) {
            const std::string bytes = server_frame(0x01, "a" + kSecret.substr(0, one)) + server_frame(0x89, "alive?") +
                                      server_frame(0x00, kSecret.substr(one, two - one)) + server_frame(0x00, "") +
                                      server_frame(0x80, kSecret.substr(two) + "b");
            const auto out = read_messages(scrubbed(bytes, [&] { return bytes.size(); }));
            EXPECT_EQ(out, Messages({"ping:alive?", "text:a" + stars(18) + "b"})) << one << ' ' << two;
            EXPECT_EQ(read_messages(scrubbed(bytes, [] { return 1; })), out);
        }
    }
}

TEST(WebSocketScrubber, R14_ASecretCutIntoMessagesShowsItsFirstBytesAtMost) {
    for (std::size_t cut = 1; cut < kSecret.size(); ++cut) {
        const std::string shown = cut < rules::kTellingBytesMin ? kSecret.substr(0, cut) : stars(cut);
        EXPECT_EQ(scrubbed_messages(server_frame(0x82, "a" + kSecret.substr(0, cut)) +
                                    server_frame(0x82, kSecret.substr(cut) + "b")),
                  Messages({"binary:a" + shown, "binary:" + stars(18 - cut) + "b"}))
            << cut;
    }
    std::string drip;
    for (const char c : kSecret) drip += server_frame(0x81, std::string(1, c));
    std::string seen;
    for (const auto& message : scrubbed_messages(drip)) seen += message.substr(5);
    EXPECT_EQ(seen, kSecret.substr(0, rules::kTellingBytesMin - 1) + stars(kSecret.size() - rules::kTellingBytesMin + 1));
}

TEST(WebSocketScrubber, R14_ControlFramesAreScrubbedToo) {
    EXPECT_EQ(scrubbed_messages(server_frame(0x89, kSecret) + server_frame(0x8a, "x" + kSecret) +
                                server_frame(0x88, "\x03\xe8" + kSecret)),
              Messages({"ping:" + stars(18), "pong:x" + stars(18), "close:\x03\xe8" + stars(18)}));
    EXPECT_EQ(scrubbed_messages(server_frame(0x88, "")), Messages({"close:"}));
    EXPECT_EQ(scrubbed_messages(server_frame(0x88, kSecret)), Messages({"close:" + stars(18)})) << "whose code is none";
}

TEST(WebSocketScrubber, R17_WhatHoldsNoSecretPassesByteForByte) {
    const std::string bytes = server_frame(0x81, "marker-Secret/42+") + server_frame(0x82, std::string(70000, 'm')) +
                              server_frame(0x89, "") + server_frame(0x81, "");
    std::string expected = bytes;
    // But for what ends in most of a secret.
    expected.replace(2, 17, stars(17));
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::minstd_rand random(seed + 1);
        EXPECT_EQ(scrubbed(bytes, [&] { return static_cast<std::size_t>(1 + random() % 3000); }), expected);
    }
}

TEST(WebSocketScrubber, ThePayloadFollowsItsHeaderAsSoonAsItIsSettled) {
    WebSocketScrubber scrubber(chain_of());
    Buffer out;
    const std::string frame = server_frame(0x81, "{\"a\": \"marker-Sec\"}");
    EXPECT_TRUE(scrubber.feed(frame.substr(0, 2), out));
    EXPECT_EQ(out.view(), frame.substr(0, 2));
    EXPECT_TRUE(scrubber.feed(frame.substr(2, 17), out));
    EXPECT_EQ(out.view(), frame.substr(0, 9));
    EXPECT_TRUE(scrubber.feed(frame.substr(19), out));
    EXPECT_EQ(out.view(), frame);
}

TEST(WebSocketScrubber, EmptyFragmentsWithoutEndCostNoMemory) {
    WebSocketScrubber scrubber(chain_of());
    Buffer out;
    EXPECT_TRUE(scrubber.feed(server_frame(0x01, "a marker-"), out));
    EXPECT_EQ(out.view(), server_frame(0x01, "a "));
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(scrubber.feed(server_frame(0x00, ""), out));
    EXPECT_EQ(out.size(), 4u);
    EXPECT_TRUE(scrubber.feed(server_frame(0x80, "Secret/42+x"), out));
    EXPECT_EQ(read_messages(out.view()), Messages({"text:a " + stars(18)}));
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
        if (size == 0 || size > text.size() - i) return false;
        for (std::size_t k = 1; k < size; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
        }
        i += size;
    }
    return true;
}

TEST(WebSocketScrubber, TextStaysUtf8BesideASecretOfWholeCharacters) {
    const std::string secret = "pässwörd-€-marker";
    for (std::size_t cut = 0; cut <= secret.size(); ++cut) {
        const auto messages =
            scrubbed_messages(server_frame(0x01, "é" + secret.substr(0, cut)) + server_frame(0x80, secret.substr(cut) + "é"),
                              secret);
        EXPECT_EQ(messages, Messages({"text:é" + stars(secret.size()) + "é"}));
        EXPECT_TRUE(is_utf8(messages[0]));
    }
}

// The secret goes, whatever becomes of the text: its receiver closes the connection (section 8.1).
TEST(WebSocketScrubber, ASecretThatBeginsInsideACharacterIsTakenOutAllTheSame) {
    const std::string secret = "\xa9marker-Secret";
    const auto messages = scrubbed_messages(server_frame(0x81, "caf\xc3" + secret), secret);
    EXPECT_EQ(messages, Messages({"text:caf\xc3" + stars(14)}));
    EXPECT_FALSE(is_utf8(messages[0]));
}

TEST(WebSocketScrubber, AnOriginsBadFrameIsTheEndAndWhatCameBeforeIsClean) {
    for (const std::string& bad : {client_frame(0x81, "masked"), server_frame(0xc1, "deflated"), server_frame(0x83, "")}) {
        WebSocketScrubber scrubber(chain_of());
        Buffer out;
        const auto taken = scrubber.feed(server_frame(0x81, kSecret) + bad, out);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, ErrorCode::origin_bad_frame);
        EXPECT_EQ(out.view(), server_frame(0x81, stars(18)));
    }
}

TEST(WebSocketScrubber, CountsWhatItFinds) {
    WebSocketScrubber scrubber(chain_of());
    Buffer out;
    EXPECT_TRUE(scrubber.feed(server_frame(0x81, kSecret + kSecret) + server_frame(0x89, kSecret), out));
    EXPECT_EQ(scrubber.found(), 3u);
}

// Each '#' becomes the secret; what comes behind a '#' waits, as a part of a longer placeholder would.
class HashRewriter final : public rules::BodyRewriter {
public:
    Result<void> feed(std::string_view bytes, Buffer& out) override {
        for (const char c : bytes) {
            if (c == '!') return failure(ErrorCode::placeholder_misused, "not here");
            if (held_) out.append(kSecret);
            held_ = c == '#';
            if (!held_) out.append(c);
        }
        return {};
    }
    Result<void> finish(Buffer& out) override {
        if (held_) out.append(kSecret);
        held_ = false;
        return {};
    }

private:
    bool held_ = false;
};

std::string rewritten(std::string_view bytes, const std::function<std::size_t()>& next_size) {
    CountingRandom random;
    WebSocketRewriter rewriter(std::make_unique<HashRewriter>(), random);
    return feed_in_pieces([&](std::string_view piece, Buffer& out) { return rewriter.feed(piece, out); }, bytes,
                          next_size);
}

Messages rewritten_messages(std::string_view bytes) {
    const auto expected = read_messages(rewritten(bytes, [&] { return bytes.size(); }));
    EXPECT_EQ(read_messages(rewritten(bytes, [] { return 1; })), expected);
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::minstd_rand random(seed + 1);
        EXPECT_EQ(read_messages(rewritten(bytes, [&] { return static_cast<std::size_t>(1 + random() % 9); })), expected);
    }
    return expected;
}

TEST(WebSocketRewriter, TextMessagesAreRewrittenAndReframed) {
    EXPECT_EQ(rewritten_messages(client_frame(0x81, "{\"token\":\"#\"}") + client_frame(0x81, "") + client_frame(0x81, "#")),
              Messages({"text:{\"token\":\"" + kSecret + "\"}", "text:", "text:" + kSecret}));
}

TEST(WebSocketRewriter, AMessageInFragmentsLeavesInOneFrame) {
    const std::string bytes = client_frame(0x01, "a#") + client_frame(0x89, "alive?") + client_frame(0x00, "") +
                              client_frame(0x80, "#b");
    EXPECT_EQ(rewritten_messages(bytes), Messages({"ping:alive?", "text:a" + kSecret + kSecret + "b"}));
    EXPECT_EQ(read_frames(rewritten(bytes, [] { return 1; })).size(), 2u);
}

TEST(WebSocketRewriter, BinaryMessagesAndControlFramesPassByteForByte) {
    const std::string bytes = client_frame(0x02, "#a") + client_frame(0x89, "#") + client_frame(0x80, "b#!") +
                              client_frame(0x8a, "!") + client_frame(0x88, "\x03\xe8#");
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::minstd_rand random(seed + 1);
        EXPECT_EQ(rewritten(bytes, [&] { return static_cast<std::size_t>(1 + random() % 9); }), bytes);
    }
}

TEST(WebSocketRewriter, EveryFrameOfOursHasAMaskOfItsOwn) {
    const std::string bytes = client_frame(0x81, "#") + client_frame(0x81, "#") + client_frame(0x81, std::string(200'000, 'x'));
    const auto frames = read_frames(rewritten(bytes, [&] { return bytes.size(); }));
    ASSERT_EQ(frames.size(), 6u);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].mask.size(), 4u);
        EXPECT_NE(frames[i].mask, http::kTestMask);
        for (std::size_t k = 0; k < i; ++k) EXPECT_NE(frames[i].mask, frames[k].mask);
    }
}

TEST(WebSocketRewriter, ALongMessageLeavesInFragmentsAndInBoundedMemory) {
    std::string payload;
    while (payload.size() < 300'000) payload += "0123456789#";
    const std::string bytes = client_frame(0x81, payload);
    CountingRandom random;
    WebSocketRewriter rewriter(std::make_unique<HashRewriter>(), random);
    std::string all;
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
        Buffer out;
        EXPECT_TRUE(rewriter.feed(std::string_view(bytes).substr(at, 1000), out));
        EXPECT_LE(out.size(), 2 * WebSocketRewriter::kFragmentBytes);
        all += out.view();
    }
    std::string expected;
    for (const char c : payload) expected += c == '#' ? kSecret : std::string(1, c);
    EXPECT_EQ(read_messages(all), Messages({"text:" + expected}));
    for (const auto& frame : read_frames(all)) EXPECT_LE(frame.payload.size(), WebSocketRewriter::kFragmentBytes);
}

TEST(WebSocketRewriter, WhatTheRewriterRefusesIsTheEndAndTheMessageIsNotComplete) {
    CountingRandom random;
    WebSocketRewriter rewriter(std::make_unique<HashRewriter>(), random);
    Buffer out;
    const auto taken = rewriter.feed(client_frame(0x01, "a#") + client_frame(0x80, "b!"), out);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::placeholder_misused);
    EXPECT_TRUE(out.empty());
}

TEST(WebSocketRewriter, ASandboxsBadFrameIsTheEnd) {
    for (const std::string& bad : {server_frame(0x81, "no mask"), client_frame(0xc1, "deflated"), client_frame(0x80, "")}) {
        CountingRandom random;
        WebSocketRewriter rewriter(std::make_unique<HashRewriter>(), random);
        Buffer out;
        const auto taken = rewriter.feed(bad, out);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, ErrorCode::frame_unreadable);
        EXPECT_TRUE(out.empty());
    }
}

TEST(WebSocketFilter, WhatThereIsNothingToDoForGoesOnAsItIs) {
    CountingRandom random;
    WebSocketFilter filter({}, nullptr, random);
    Buffer to_sandbox, to_origin;
    EXPECT_TRUE(filter.from_origin("no frames " + kSecret, to_sandbox));
    EXPECT_TRUE(filter.from_sandbox("no frames", to_origin));
    EXPECT_EQ(to_sandbox.view(), "no frames " + kSecret);
    EXPECT_EQ(to_origin.view(), "no frames");
    EXPECT_FALSE(filter.is_rewriting());
    EXPECT_EQ(filter.found(), 0u);
}

TEST(WebSocketFilter, EachDirectionHasItsOwn) {
    CountingRandom random;
    WebSocketFilter filter(chain_of(), std::make_unique<HashRewriter>(), random);
    Buffer to_sandbox, to_origin;
    EXPECT_TRUE(filter.is_rewriting());
    EXPECT_TRUE(filter.from_sandbox(client_frame(0x81, "#"), to_origin));
    EXPECT_EQ(read_messages(to_origin.view()), Messages({"text:" + kSecret}));
    EXPECT_TRUE(filter.from_origin(server_frame(0x81, kSecret), to_sandbox));
    EXPECT_EQ(read_messages(to_sandbox.view()), Messages({"text:" + stars(18)}));
    EXPECT_EQ(filter.found(), 1u);
    EXPECT_FALSE(filter.from_sandbox(server_frame(0x81, ""), to_origin));
    EXPECT_FALSE(filter.from_origin(client_frame(0x81, ""), to_sandbox));
}

}  // namespace
}  // namespace sallyport::proxy
