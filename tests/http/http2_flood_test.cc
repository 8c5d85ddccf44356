// Peers that make work for nothing: each is cut off in time, and none makes a connection hold more than its bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/http/http2_peers.h"
#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

using namespace wire;

constexpr std::size_t kReadBytes = 64 * 1024;

// What became of a connection that was fed an attack, at most `bytes_max` of it.
struct Outcome {
    std::string tag;
    std::size_t eaten = 0;           // bytes until it ended
    std::size_t most_allocated = 0;  // by the protocol's own state
    std::size_t most_written = 0;    // answers to one read
    Http2Error goaway = Http2Error::no_error;
};

// Feeds the attack again and again, in reads like a socket's, and reads what is answered.
template <class Codec>
Outcome flood(Codec& codec, std::string_view attack, std::size_t bytes_max = 64 * 1024 * 1024, bool reads_answers = true) {
    Outcome outcome;
    std::string read;
    while (read.size() < kReadBytes) read += attack;
    while (outcome.eaten < bytes_max) {
        const auto fed = codec.feed(read);
        outcome.eaten += read.size();
        outcome.most_allocated = std::max(outcome.most_allocated, codec.allocated_bytes());
        if (!fed) {
            outcome.tag = tag(fed.error().code);
            const auto goaways = frames_of(produced(codec), kGoaway);
            if (!goaways.empty()) outcome.goaway = goaways[0].error();
            return outcome;
        }
        if (reads_answers) outcome.most_written = std::max(outcome.most_written, produced(codec).size());
    }
    return outcome;
}

constexpr std::size_t kMegabyte = 1024 * 1024;

void expect_calm(const Outcome& outcome, std::size_t eaten_max = kMegabyte) {
    EXPECT_EQ(outcome.tag, "http2_flood");
    EXPECT_EQ(outcome.goaway, Http2Error::enhance_your_calm);
    EXPECT_LE(outcome.eaten, eaten_max);
    EXPECT_LE(outcome.most_allocated, kMegabyte);
}

// A server with a request that waits for its response, or a body.
struct Http2Flood : testing::Test {
    Http2Flood() { EXPECT_TRUE(server.codec.feed(greeting() + post(1))); }

    // Request after request, so that each has a stream of its own.
    template <class Attack>
    Outcome flood_with_streams(Attack attack, std::size_t streams_max = 100'000) {
        Outcome outcome;
        for (Http2StreamId id = 3; static_cast<std::size_t>(id) < 2 * streams_max;) {
            std::string read;
            while (read.size() < kReadBytes / 8) {
                read += attack(id);
                id += 2;
            }
            const auto fed = server.codec.feed(read);
            outcome.eaten += read.size();
            outcome.most_allocated = std::max(outcome.most_allocated, server.codec.allocated_bytes());
            const auto goaways = frames_of(produced(server.codec), kGoaway);
            if (!goaways.empty()) outcome.goaway = goaways[0].error();
            if (fed) continue;
            outcome.tag = tag(fed.error().code);
            break;
        }
        return outcome;
    }
    Server server;
};

TEST_F(Http2Flood, P15_RapidReset) {
    expect_calm(flood_with_streams([](Http2StreamId id) { return get(id) + rst_stream(id, Http2Error::cancel); }));
    EXPECT_LE(server.requests.size(), 400u);
    EXPECT_EQ(server.closed.size(), server.requests.size());
}

TEST_F(Http2Flood, P15_RequestsThatMakeUsReset) {
    // A window that overflows makes the server reset the stream by itself.
    expect_calm(flood_with_streams([](Http2StreamId id) { return get(id) + window_update(id, 0x7fffffff); }));
    EXPECT_LE(server.requests.size(), 400u);
}

TEST_F(Http2Flood, P15_MalformedRequests) {
    server.on_malformed = [&](Http2StreamId id) { server.respond(id, 400); };
    expect_calm(flood_with_streams([](Http2StreamId id) { return headers(id, {{":method", "GET"}}); }));
    EXPECT_LE(server.malformed.size(), 400u);
}

TEST_F(Http2Flood, P15_MoreStreamsThanAllowed) {
    // Without a response, 128 stay open; the others are refused.
    const Outcome outcome = flood_with_streams([](Http2StreamId id) { return get(id); });
    EXPECT_NE(outcome.tag, "");
    EXPECT_LE(outcome.eaten, kMegabyte);
    EXPECT_EQ(server.requests.size(), 128u);
}

TEST_F(Http2Flood, CancellingEverySecondRequestIsHonest) {
    server.on_request_end = [&](Http2StreamId id) {
        if (id % 4 == 1) server.respond(id, 200, "body");
    };
    const Outcome outcome = flood_with_streams([](Http2StreamId id) {
        return id % 4 == 1 ? get(id) : get(id) + rst_stream(id, Http2Error::cancel);
    }, 20'000);
    EXPECT_EQ(outcome.tag, "");
    EXPECT_GT(server.requests.size(), 10'000u);
}

TEST_F(Http2Flood, P15_ContinuationsWithoutEnd) {
    const std::string start = frame(kHeaders, 0, 3, block({{":method", "GET"}}));
    ASSERT_TRUE(server.codec.feed(start));
    expect_calm(flood(server.codec, frame(kContinuation, 0, 3, block({{"a", "b"}}))));
}

TEST_F(Http2Flood, P15_EmptyContinuations) {
    ASSERT_TRUE(server.codec.feed(frame(kHeaders, 0, 3, "")));
    expect_calm(flood(server.codec, frame(kContinuation, 0, 3, "")));
}

TEST_F(Http2Flood, P15_LargeContinuations) {
    ASSERT_TRUE(server.codec.feed(frame(kHeaders, 0, 3, "")));
    const std::string value(16'000, 'x');
    expect_calm(flood(server.codec, frame(kContinuation, 0, 3, block({{"a", value}}))));
}

TEST_F(Http2Flood, P15_Settings) { expect_calm(flood(server.codec, settings({{4, 65535}}))); }
TEST_F(Http2Flood, P15_SettingsOfManyEntries) {
    std::string payload;
    for (int i = 0; i < 2000; ++i) payload += number(4, 2) + number(65535);
    const Outcome outcome = flood(server.codec, frame(kSettings, 0, 0, payload));
    EXPECT_EQ(outcome.tag, "http2_flood");
    EXPECT_LE(outcome.eaten, kMegabyte);
}
TEST_F(Http2Flood, P15_Pings) { expect_calm(flood(server.codec, ping())); }
TEST_F(Http2Flood, P15_AnswersToPingsThatNobodySent) { expect_calm(flood(server.codec, ping(kAck))); }
TEST_F(Http2Flood, P15_Priorities) { expect_calm(flood(server.codec, frame(kPriority, 0, 1, number(0) + "x"))); }
TEST_F(Http2Flood, P15_PrioritiesOfIdleStreams) {
    std::string attack;
    for (Http2StreamId id = 3; id < 2000; id += 2) attack += frame(kPriority, 0, id, number(0) + "x");
    expect_calm(flood(server.codec, attack));
}
TEST_F(Http2Flood, P15_PriorityUpdates) { expect_calm(flood(server.codec, frame(0x10, 0, 0, number(1) + "u=1"))); }
TEST_F(Http2Flood, P15_WindowUpdates) { expect_calm(flood(server.codec, window_update(1, 1))); }
TEST_F(Http2Flood, P15_UnknownFrames) { expect_calm(flood(server.codec, frame(0xfe, 0, 0, "?"))); }
TEST_F(Http2Flood, P15_EmptyData) { expect_calm(flood(server.codec, data(1, ""))); }
TEST_F(Http2Flood, P15_DataOfPaddingOnly) {
    expect_calm(flood(server.codec, frame(kData, kPadded, 1, "\x03" + std::string(3, '\0'))));
}
TEST_F(Http2Flood, P15_HeadsOnStreamsThatHaveEnded) {
    server.on_request_end = [&](Http2StreamId id) { server.respond(id); };
    ASSERT_TRUE(server.codec.feed(get(3)));
    (void)produced(server.codec);
    expect_calm(flood(server.codec, get(3)));
}
TEST_F(Http2Flood, P15_ResetsOfStreamsThatHaveEnded) {
    ASSERT_TRUE(server.codec.feed(rst_stream(1, Http2Error::cancel)));
    expect_calm(flood(server.codec, rst_stream(1, Http2Error::cancel)));
}

TEST_F(Http2Flood, P15_QuestionsWhoseAnswersAreNotRead) {
    // One at a time, so that no budget is used up: what waits is.
    std::size_t asked = 0;
    while (server.codec.feed(ping()) && asked < 100'000) ++asked;
    EXPECT_LE(asked, 64 * 1024 / 17u + 1);
    EXPECT_LE(server.codec.allocated_bytes(), kMegabyte);
    const auto fed = server.codec.feed("");
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, ErrorCode::http2_flood);
    EXPECT_LE(produced(server.codec).size(), 66 * 1024u);
}

TEST_F(Http2Flood, P15_RequestsWhoseResponsesAreNotRead) {
    server.on_request_end = [&](Http2StreamId id) { server.respond(id, 403); };
    std::string tag_seen;
    for (Http2StreamId id = 3; id < 400'000 && tag_seen.empty(); id += 2) {
        if (const auto fed = server.codec.feed(get(id)); !fed) tag_seen = tag(fed.error().code);
        ASSERT_LE(server.codec.allocated_bytes(), kMegabyte);
    }
    EXPECT_EQ(tag_seen, "http2_flood");
    EXPECT_LE(produced(server.codec).size(), 300 * 1024u);
}

TEST_F(Http2Flood, AKeepAliveNowAndThenIsAnsweredForEver) {
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(server.codec.feed(ping()));
        ASSERT_EQ(frames_of(produced(server.codec), kPing).size(), 1u);
    }
}

// A field of 4,000 bytes put into the table, then named again in one byte each.
std::string hpack_bomb(Http2StreamId id, std::size_t times) {
    return frame(kHeaders, kEndStream | kEndHeaders, id,
                 "\x40" + hpack_string("a") + hpack_string(std::string(4'000, 'x')) + std::string(times, '\xbe'));
}

TEST_F(Http2Flood, P15_HpackBombThatIsTooLarge) {
    const auto fed = server.codec.feed(hpack_bomb(3, 10'000));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, ErrorCode::http2_flood);
    EXPECT_LE(server.codec.allocated_bytes(), kMegabyte);
    EXPECT_TRUE(server.malformed.empty());
}

TEST_F(Http2Flood, P15_HpackBombsThatAreSmallEnough) {
    server.on_malformed = [&](Http2StreamId id) { server.respond(id, 431); };
    expect_calm(flood_with_streams([](Http2StreamId id) { return hpack_bomb(id, 200); }), 4 * kMegabyte);
    ASSERT_FALSE(server.malformed.empty());
    EXPECT_EQ(server.malformed[0].second.code, ErrorCode::header_too_large);
}

TEST_F(Http2Flood, P15_AValueBeyondAllSizes) {
    // Announced as 16 MiB, and sent on and on.
    const std::string start = std::string(1, '\0') + hpack_string("a") + hpack_number(0, 7, 16 * kMegabyte);
    ASSERT_FALSE(server.codec.feed(frame(kHeaders, 0, 3, start)));
    EXPECT_LE(server.codec.allocated_bytes(), kMegabyte);
}

TEST_F(Http2Flood, P15_AWindowThatDrips) {
    Server other;
    ASSERT_TRUE(other.codec.feed(std::string(kPreface) + settings({{4, 1}}) + get(1)));
    other.respond(1, 200, std::string(100'000, 'x'));
    // One byte of window each, one frame of one byte back.
    expect_calm(flood(other.codec, window_update(1, 1)));
    EXPECT_GT(other.codec.waiting_bytes(1) + 100'000, 90'000u);
}

TEST_F(Http2Flood, P15_AZeroWindowHoldsNoMoreThanWasWritten) {
    Server other;
    ASSERT_TRUE(other.codec.feed(std::string(kPreface) + settings({{4, 0}})));
    other.on_request_end = [&](Http2StreamId id) { other.respond(id, 200, std::string(1000, 'x')); };
    for (Http2StreamId id = 1; id < 2 * 128; id += 2) ASSERT_TRUE(other.codec.feed(get(id)));
    (void)produced(other.codec);
    EXPECT_EQ(other.codec.open_streams(), 128u);
    EXPECT_TRUE(other.codec.is_window_shut(1));
    EXPECT_EQ(other.codec.waiting_bytes(1), 1000u);
    EXPECT_LE(other.codec.allocated_bytes(), kMegabyte);
}

TEST_F(Http2Flood, P15_RequestsThatHaveEndedCountWhileTheirSinksArePaused) {
    server.pauses = true;
    // Each has its response, and its body has come; but its sink has not taken that yet.
    for (Http2StreamId id = 3; id < 2000; id += 2) {
        ASSERT_TRUE(server.codec.feed(post(id) + data(id, std::string(1000, 'x'), kEndStream)));
        if (server.requests.contains(id)) server.respond(id);
        (void)produced(server.codec);
        if (server.requests.size() == 128) break;
    }
    EXPECT_LE(server.codec.open_streams(), 128u);
    ASSERT_TRUE(server.codec.feed(get(3001)));
    EXPECT_FALSE(server.requests.contains(3001));
    EXPECT_EQ(frames_of(produced(server.codec), kRstStream, 3001).at(0).error(), Http2Error::refused_stream);
}

TEST_F(Http2Flood, P15_PaddingGivesTheWindowBack) {
    // 255 bytes of padding for one byte of content: the window must not be used up by what the sink never sees.
    const std::string padded = frame(kData, kPadded, 1, "\xff" "x" + std::string(255, '\0'));
    for (int i = 0; i < 20'000; ++i) {
        ASSERT_TRUE(server.codec.feed(padded)) << i;
        (void)produced(server.codec);
    }
    EXPECT_EQ(server.only().body.size(), 20'000u);
}

TEST(Http2OriginFlood, P15_AnOriginIsCutOffToo) {
    const std::string attacks[] = {ping(), settings({{4, 65535}}), window_update(0, 1), data(1, ""),
                                   frame(kPriority, 0, 1, number(0) + "x"), frame(0xfe, 0, 0, "?"), goaway(1)};
    for (const std::string& attack : attacks) {
        Client client;
        ASSERT_TRUE(client.codec.feed(settings()));
        const auto id = client.get();
        (void)produced(client.codec);
        ASSERT_TRUE(client.codec.feed(headers(id, {{":status", "200"}}, 0)));
        const Outcome outcome = flood(client.codec, attack);
        EXPECT_EQ(outcome.tag, "origin_http2_error") << int(frames(attack)[0].type);
        EXPECT_EQ(outcome.goaway, Http2Error::enhance_your_calm) << int(frames(attack)[0].type);
        EXPECT_LE(outcome.most_allocated, kMegabyte);
        EXPECT_EQ(client.closed.at(id).error, "origin_http2_error");
    }
}

TEST(Http2OriginFlood, P15_ALongDownloadWithManyPingsIsHonest) {
    // What gRPC does to measure a path: a PING for each read, and small pieces.
    Client client;
    ASSERT_TRUE(client.codec.feed(settings()));
    const auto id = client.get();
    (void)produced(client.codec);
    ASSERT_TRUE(client.codec.feed(headers(id, {{":status", "200"}}, 0)));
    for (int i = 0; i < 50'000; ++i) {
        ASSERT_TRUE(client.codec.feed(data(id, "event") + ping()));
        (void)produced(client.codec);
    }
    EXPECT_EQ(client.response(id).body.size(), 250'000u);
}

TEST(Http2OriginFlood, AnEventStreamWithAWindowUpdateForEachEventIsHonest) {
    Server server;
    ASSERT_TRUE(server.codec.feed(greeting() + get(1)));
    ResponseHead head;
    head.status = 200;
    head.body.kind = BodyKind::chunked;
    server.codec.response(1).write_head(head);
    for (int i = 0; i < 10'000; ++i) {
        for (int j = 0; j < 10; ++j) {
            server.codec.response(1).write_body("data: x\n\n");
            (void)produced(server.codec);
        }
        // All at once, when the client gets round to it.
        ASSERT_TRUE(server.codec.feed(repeat(window_update(0, 9) + window_update(1, 9), 10))) << i;
    }
}

}  // namespace
}  // namespace sallyport::http
