#include "http/http2_server_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_peers.h"
#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

using namespace wire;

// A server to which a client has said hello.
struct Http2ServerCodecTest : testing::Test {
    Http2ServerCodecTest() { EXPECT_TRUE(server.codec.feed(greeting())); }
    std::string tag_of(std::string_view bytes) {
        const auto fed = server.codec.feed(bytes);
        return fed ? "" : std::string(tag(fed.error().code));
    }
    Server server;
};

TEST_F(Http2ServerCodecTest, SaysItsSettingsFirst) {
    const auto said = frames(produced(server.codec));
    ASSERT_GE(said.size(), 2u);
    EXPECT_EQ(said[0].type, kSettings);
    const auto holds = [&](std::uint32_t id, std::uint32_t value) {
        return said[0].payload.find(number(id, 2) + number(value)) != std::string::npos;
    };
    EXPECT_TRUE(holds(3, 128)) << "MAX_CONCURRENT_STREAMS";
    EXPECT_TRUE(holds(4, 64 * 1024)) << "INITIAL_WINDOW_SIZE";
    EXPECT_TRUE(holds(6, 64 * 1024)) << "MAX_HEADER_LIST_SIZE";
    EXPECT_TRUE(holds(8, 1)) << "ENABLE_CONNECT_PROTOCOL";
    EXPECT_TRUE(holds(9, 1)) << "NO_RFC7540_PRIORITIES";
}

TEST_F(Http2ServerCodecTest, AnswersARequest) {
    server.on_request_end = [&](Http2StreamId id) { server.respond(id, 200, "hello"); };
    EXPECT_TRUE(server.codec.feed(get(1, "/a?b")));
    EXPECT_EQ(server.only().heads.at(0).target, "/a?b");
    const std::string out = produced(server.codec);
    EXPECT_EQ(Inflater().fields(frames_of(out, kHeaders, 1).at(0).payload), ":status: [200]\ncontent-length: [5]\n");
    EXPECT_EQ(frames_of(out, kData, 1).at(0).payload, "hello");
    EXPECT_TRUE(frames_of(out, kData, 1).back().ends_stream());
    EXPECT_EQ(server.closed, (std::map<Http2StreamId, bool>{{1, false}}));
    EXPECT_EQ(server.codec.open_streams(), 0u);
    EXPECT_FALSE(server.codec.wants_to_write());
}

TEST_F(Http2ServerCodecTest, EndsAResponseWithoutABodyInItsHead) {
    server.on_request_end = [&](Http2StreamId id) { server.respond(id, 204); };
    EXPECT_TRUE(server.codec.feed(get(1)));
    const std::string out = produced(server.codec);
    EXPECT_TRUE(frames_of(out, kHeaders, 1).at(0).ends_stream());
    EXPECT_TRUE(frames_of(out, kData, 1).empty());
}

TEST_F(Http2ServerCodecTest, ReportsAMalformedRequestThatCanStillBeAnswered) {
    server.on_malformed = [&](Http2StreamId id) { server.respond(id, 400, "bad"); };
    const std::string bad = headers(1, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"Upper", "x"}}, 0);
    EXPECT_TRUE(server.codec.feed(bad));
    ASSERT_EQ(server.malformed.size(), 1u);
    EXPECT_EQ(server.malformed[0].second.code, ErrorCode::bad_request);
    EXPECT_TRUE(server.requests.empty());
    const std::string out = produced(server.codec);
    EXPECT_EQ(Inflater().fields(frames_of(out, kHeaders, 1).at(0).payload), ":status: [400]\ncontent-length: [3]\n");
    EXPECT_TRUE(frames_of(out, kData, 1).back().ends_stream());
    ASSERT_EQ(frames_of(out, kRstStream, 1).size(), 1u) << "its body is not wanted";
    EXPECT_EQ(frames_of(out, kRstStream, 1)[0].error(), Http2Error::no_error);
    EXPECT_EQ(server.closed, (std::map<Http2StreamId, bool>{{1, false}}));
    EXPECT_EQ(tag_of(get(3)), "") << "the connection goes on";
}

TEST_F(Http2ServerCodecTest, ReportsAnOversizedHeadAsThat) {
    const std::string value(16'000, 'x');
    const std::string start =
        block({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"}, {"a", value}});
    std::string input = frame(kHeaders, kEndStream, 1, start);
    for (int i = 0; i < 4; ++i) input += frame(kContinuation, i == 3 ? kEndHeaders : 0, 1, block({{"a", value}}));
    EXPECT_TRUE(server.codec.feed(input));
    ASSERT_EQ(server.malformed.size(), 1u);
    EXPECT_EQ(server.malformed[0].second.code, ErrorCode::header_too_large);
    server.respond(1, 431);
    EXPECT_EQ(frames_of(produced(server.codec), kHeaders, 1).size(), 1u);
    EXPECT_EQ(server.codec.open_streams(), 0u);
}

TEST_F(Http2ServerCodecTest, P14_FindsBodiesThatAreNotWhatTheHeadSaid) {
    const auto five = [](Http2StreamId id) {
        return headers(id, {{":method", "POST"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"},
                            {"content-length", "5"}}, 0);
    };
    struct Case {
        const char* name;
        std::string input;
    };
    const std::string trailer = headers(1, {{"a", "b"}}, 0);
    const Case cases[] = {
        {"more", five(1) + data(1, "123456")},
        {"more in the second frame", five(1) + data(1, "123") + data(1, "456")},
        {"less", five(1) + data(1, "1234", kEndStream)},
        {"nothing", five(1) + data(1, "", kEndStream)},
        {"less, and trailers", five(1) + data(1, "1234") + headers(1, {{"a", "b"}})},
        {"trailers that end nothing", post(1) + data(1, "1") + trailer},
        {"trailers with a pseudo-field", post(1) + data(1, "1") + headers(1, {{":path", "/"}})},
        {"trailers of an HTTP/1 connection", post(1) + data(1, "1") + headers(1, {{"transfer-encoding", "chunked"}})},
    };
    for (const Case& c : cases) {
        Server other;
        ASSERT_TRUE(other.codec.feed(greeting() + c.input)) << c.name;
        ASSERT_EQ(other.malformed.size(), 1u) << c.name;
        EXPECT_EQ(other.malformed[0].first, 1) << c.name;
        EXPECT_EQ(other.only().ends, 0) << c.name;
        other.codec.reset(1, Http2Error::protocol_error);
        EXPECT_EQ(frames_of(produced(other.codec), kRstStream, 1).size(), 1u) << c.name;
        EXPECT_EQ(other.closed.size(), 1u) << c.name;
    }
}

TEST_F(Http2ServerCodecTest, SendsAResetOnlyAfterTheResponseThatWasWritten) {
    EXPECT_TRUE(server.codec.feed(post(1)));
    server.respond(1, 403, std::string(40'000, 'x'));
    server.codec.reset(1, Http2Error::no_error);
    EXPECT_TRUE(server.codec.feed(data(1, "more"))) << "is not heard of";
    EXPECT_EQ(server.only().body, "");
    const auto said = frames(produced(server.codec));
    ASSERT_GE(said.size(), 2u);
    EXPECT_EQ(said.back().type, kRstStream);
    EXPECT_EQ(said.back().error(), Http2Error::no_error);
    EXPECT_TRUE(said[said.size() - 2].ends_stream());
    EXPECT_EQ(server.closed, (std::map<Http2StreamId, bool>{{1, false}}));
}

TEST_F(Http2ServerCodecTest, ResetsAStreamWhoseHeadCannotBeSent) {
    EXPECT_TRUE(server.codec.feed(get(1) + get(3)));
    HeaderMap huge;
    huge.add("a", std::string(600'000, 'x'));
    server.respond(1, 200, "", huge);
    server.respond(3, 200, "fine");
    const std::string out = produced(server.codec);
    EXPECT_EQ(frames_of(out, kRstStream, 1).at(0).error(), Http2Error::internal_error);
    EXPECT_EQ(frames_of(out, kData, 3).at(0).payload, "fine");
    EXPECT_EQ(server.codec.open_streams(), 0u);
}

TEST_F(Http2ServerCodecTest, TellsOfStreamsThatTheClientResets) {
    EXPECT_TRUE(server.codec.feed(post(1) + data(1, "some")));
    EXPECT_TRUE(server.codec.feed(rst_stream(1, Http2Error::cancel)));
    EXPECT_EQ(server.closed, (std::map<Http2StreamId, bool>{{1, true}}));
    EXPECT_EQ(server.only().ends, 0);
}

TEST_F(Http2ServerCodecTest, RefusesStreamsThatItsUserDoesNotWant) {
    server.refuses = true;
    EXPECT_TRUE(server.codec.feed(get(1)));
    const auto resets = frames_of(produced(server.codec), kRstStream, 1);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].error(), Http2Error::refused_stream);
    EXPECT_TRUE(server.closed.empty());
    EXPECT_EQ(server.codec.open_streams(), 0u);
}

TEST_F(Http2ServerCodecTest, MayBeResetFromWithinTheSink) {
    server.on_opened = [&](Http2StreamId id) {
        server.requests[id].on_head = [&, id] {
            server.codec.reset(id, Http2Error::cancel);
            server.respond(id, 200, "forgotten");
        };
    };
    EXPECT_TRUE(server.codec.feed(post(1) + data(1, "some", kEndStream)));
    EXPECT_EQ(server.only().body, "");
    const std::string out = produced(server.codec);
    EXPECT_EQ(frames_of(out, kRstStream, 1).size(), 1u);
    EXPECT_TRUE(frames_of(out, kHeaders, 1).empty());
    EXPECT_EQ(server.closed, (std::map<Http2StreamId, bool>{{1, false}}));
}

TEST_F(Http2ServerCodecTest, KnowsTunnels) {
    EXPECT_TRUE(server.codec.feed(headers(1, {{":method", "CONNECT"}, {":authority", "b.com:443"}}, 0)));
    EXPECT_EQ(server.requests[1].heads.at(0).method, "CONNECT");
    EXPECT_TRUE(server.requests[1].heads.at(0).upgrade);
    EXPECT_TRUE(server.requests[1].heads.at(0).protocol.empty());
    EXPECT_TRUE(server.codec.feed(headers(3, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"},
                                              {":authority", "a.com"}, {":path", "/ws"}}, 0)));
    EXPECT_EQ(server.requests[3].heads.at(0).protocol, "websocket");
    EXPECT_EQ(server.requests[3].heads.at(0).target, "/ws");
}

TEST_F(Http2ServerCodecTest, EndsAConnectionThatDoesNotFollowTheProtocol) {
    const std::string opened = greeting() + post(1);
    struct Case {
        const char* name;
        std::string input;
        const char* tag = "http2_error";
    };
    const Case cases[] = {
        {"HTTP/1", "GET / HTTP/1.1\r\nHost: a.com\r\n\r\n"},
        {"no settings", std::string(kPreface) + get(1)},
        {"a push promise", opened + frame(kPushPromise, kEndHeaders, 1, number(2))},
        {"an even stream", greeting() + get(2)},
        {"stream zero", greeting() + get(0)},
        {"data on an idle stream", greeting() + data(7, "x")},
        {"a window for an idle stream", greeting() + window_update(7, 1)},
        {"a reset of an idle stream", greeting() + rst_stream(7, Http2Error::cancel)},
        {"data after the end", opened + data(1, "x", kEndStream) + data(1, "y")},
        {"a head after the end", opened + data(1, "x", kEndStream) + headers(1, {{"a", "b"}})},
        {"a frame that is too large", opened + data(1, std::string(16385, 'x'))},
        {"a window that overflows", greeting() + window_update(0, 0x7fffffff)},
        {"a window of nothing", greeting() + window_update(0, 0)},
        {"an initial window beyond all sizes", std::string(kPreface) + settings({{4, 0x80000000}})},
        {"a broken table", greeting() + frame(kHeaders, kEndStream | kEndHeaders, 1, "\xff\xff\xff\xff\x0f")},
        {"an index of nothing", greeting() + frame(kHeaders, kEndStream | kEndHeaders, 1, "\xbe")},
        {"a head that is interrupted", greeting() + frame(kHeaders, 0, 1, block({{":method", "GET"}})) + ping()},
        {"a continuation of nothing", greeting() + frame(kContinuation, kEndHeaders, 1, "")},
        {"a ping of seven bytes", greeting() + frame(kPing, 0, 0, "1234567")},
        {"settings on a stream", greeting() + frame(kSettings, 0, 1, "")},
        {"padding longer than the frame", opened + frame(kData, kPadded, 1, "\x09x")},
    };
    for (const Case& c : cases) {
        Server other;
        (void)produced(other.codec);
        const auto fed = other.codec.feed(c.input);
        ASSERT_FALSE(fed) << c.name;
        EXPECT_EQ(tag(fed.error().code), c.tag) << c.name << ": " << fed.error().detail;
        EXPECT_FALSE(other.codec.feed("more")) << c.name;
        EXPECT_EQ(other.codec.open_streams(), 0u) << c.name;
        EXPECT_EQ(other.closed.size(), other.requests.size()) << c.name;
        const auto goaways = frames_of(produced(other.codec), kGoaway);
        ASSERT_EQ(goaways.size(), 1u) << c.name;
        EXPECT_NE(goaways[0].error(), Http2Error::no_error) << c.name;
        EXPECT_FALSE(other.codec.wants_to_write()) << c.name;
    }
}

TEST_F(Http2ServerCodecTest, ShutsDownWithoutLosingWhatIsOnItsWay) {
    EXPECT_TRUE(server.codec.feed(get(1)));
    server.codec.shut_down();
    std::string out = produced(server.codec);
    ASSERT_EQ(frames_of(out, kGoaway).size(), 1u);
    EXPECT_EQ(frames_of(out, kGoaway)[0].payload.substr(0, 4), number(0x7fffffff));
    EXPECT_FALSE(server.codec.is_shutting_down());
    const auto pings = frames_of(out, kPing);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_TRUE(server.codec.feed(get(3) + frame(kPing, kAck, 0, pings[0].payload) + get(5)));
    EXPECT_TRUE(server.codec.is_shutting_down());
    out = produced(server.codec);
    EXPECT_EQ(frames_of(out, kGoaway).at(0).payload.substr(0, 4), number(5));
    EXPECT_TRUE(server.codec.feed(get(7)));
    EXPECT_FALSE(server.requests.contains(7));
    for (const Http2StreamId id : {1, 3, 5}) server.respond(id, 200, "body of " + std::to_string(id));
    out = produced(server.codec);
    for (const Http2StreamId id : {1, 3, 5}) {
        EXPECT_EQ(frames_of(out, kData, id).at(0).payload, "body of " + std::to_string(id));
    }
    EXPECT_EQ(server.codec.open_streams(), 0u);
}

TEST_F(Http2ServerCodecTest, ShutsDownWithoutAnyStreamToo) {
    server.codec.shut_down();
    const auto pings = frames_of(produced(server.codec), kPing);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_TRUE(server.codec.feed(get(1)));
    server.respond(1);
    (void)produced(server.codec);
    EXPECT_TRUE(server.codec.feed(frame(kPing, kAck, 0, pings[0].payload)));
    EXPECT_TRUE(server.codec.is_shutting_down());
    EXPECT_EQ(frames_of(produced(server.codec), kGoaway).at(0).payload.substr(0, 4), number(1));
}

TEST_F(Http2ServerCodecTest, ShutsDownAtOnceWhenAskedAgain) {
    EXPECT_TRUE(server.codec.feed(get(1)));
    server.codec.shut_down();
    server.codec.shut_down();
    EXPECT_TRUE(server.codec.is_shutting_down());
    const auto goaways = frames_of(produced(server.codec), kGoaway);
    ASSERT_EQ(goaways.size(), 2u);
    EXPECT_EQ(goaways[1].payload.substr(0, 4), number(1));
    EXPECT_TRUE(server.codec.feed(get(3)));
    EXPECT_FALSE(server.requests.contains(3));
}

TEST_F(Http2ServerCodecTest, IgnoresAStreamThatGoesBackwards) {
    EXPECT_TRUE(server.codec.feed(get(5) + get(3)));
    EXPECT_TRUE(server.requests.contains(5));
    EXPECT_FALSE(server.requests.contains(3));
}

}  // namespace
}  // namespace sallyport::http
