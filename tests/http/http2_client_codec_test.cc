#include "http/http2_client_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_peers.h"
#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

using namespace wire;

// A client that has said hello, and heard it.
struct Http2ClientCodecTest : testing::Test {
    Http2ClientCodecTest() { EXPECT_TRUE(client.codec.feed(settings({{8, 1}}))); }
    std::string response(Http2StreamId id, std::string_view status = "200", unsigned char flags = kEndStream) {
        return headers(id, {{":status", status}}, flags);
    }
    Client client;
};

TEST_F(Http2ClientCodecTest, SaysPrefaceAndSettingsFirst) {
    const std::string out = produced(client.codec);
    EXPECT_TRUE(out.starts_with(kPreface));
    const auto said = frames(out);
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said[0].type, kSettings);
    EXPECT_NE(said[0].payload.find(number(2, 2) + number(0)), std::string::npos) << "ENABLE_PUSH";
    EXPECT_EQ(client.settings, 1);
    EXPECT_TRUE(client.codec.allows_extended_connect());
}

TEST_F(Http2ClientCodecTest, SendsARequestAndHearsItsResponse) {
    const auto id = client.get("/a");
    const std::string out = produced(client.codec);
    EXPECT_EQ(Inflater().fields(frames_of(out, kHeaders, id).at(0).payload),
              ":method: [GET]\n:scheme: [https]\n:authority: [example.com]\n:path: [/a]\n");
    EXPECT_TRUE(frames_of(out, kHeaders, id)[0].ends_stream());
    EXPECT_TRUE(client.codec.feed(response(id, "200", 0) + data(id, "abc", kEndStream)));
    EXPECT_EQ(client.response(id).heads.at(0).status, 200);
    EXPECT_EQ(client.response(id).body, "abc");
    EXPECT_EQ(client.response(id).ends, 1);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_EQ(client.codec.open_streams(), 0u);
}

TEST_F(Http2ClientCodecTest, NeverIndexesASecret) {
    RequestHead head = Client::make_request("GET", "/");
    head.headers.add("X-Api-Key", "secret");
    head.holds_secrets = true;
    client.send(head);
    client.send(head);
    Inflater inflater;
    for (const auto& frame : frames_of(produced(client.codec), kHeaders)) {
        EXPECT_NE(inflater.fields(frame.payload).find("!x-api-key: [secret]\n"), std::string::npos);
        EXPECT_GT(frame.payload.size(), 10u);
    }
}

TEST_F(Http2ClientCodecTest, SendsRequestsAgainThatTheOriginHasNotProcessed) {
    const auto one = client.get(), three = client.get(), five = client.get(), seven = client.get();
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.may_open());
    EXPECT_TRUE(client.codec.feed(rst_stream(three, Http2Error::refused_stream) +
                                  rst_stream(five, Http2Error::http_1_1_required) + goaway(five)));
    EXPECT_EQ(client.goaways, 1);
    EXPECT_FALSE(client.codec.may_open());
    EXPECT_TRUE(client.closed.at(three).unprocessed);
    EXPECT_TRUE(client.closed.at(five).needs_http1);
    EXPECT_FALSE(client.closed.at(five).unprocessed);
    EXPECT_TRUE(client.closed.at(seven).unprocessed) << "past the last";
    EXPECT_FALSE(client.closed.contains(one));
    EXPECT_TRUE(client.codec.feed(response(one)));
    EXPECT_EQ(client.closed.at(one).error, "");
}

TEST_F(Http2ClientCodecTest, ClosesARequestThatCameAfterAGoaway) {
    EXPECT_TRUE(client.codec.feed(goaway(0)));
    const auto id = client.post("body");
    const std::string out = produced(client.codec);
    EXPECT_TRUE(frames_of(out, kHeaders).empty());
    EXPECT_TRUE(client.closed.at(id).unprocessed);
    EXPECT_EQ(client.closed.at(id).error, "origin_reset");
}

TEST_F(Http2ClientCodecTest, AResetWithoutAnErrorAfterTheResponseIsNone) {
    RequestHead head = Client::make_request("POST", "/");
    head.body = {BodyKind::chunked};
    const auto id = client.send(head);
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.feed(response(id, "413", 0) + data(id, "no", kEndStream) + rst_stream(id, Http2Error::no_error)));
    EXPECT_EQ(client.response(id).ends, 1);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_EQ(client.codec.open_streams(), 0u);
}

TEST_F(Http2ClientCodecTest, AResetBeforeTheEndIsAnError) {
    const auto one = client.get(), three = client.get();
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.feed(response(one, "200", 0) + data(one, "half") + rst_stream(one, Http2Error::no_error) +
                                  rst_stream(three, Http2Error::internal_error)));
    EXPECT_EQ(client.closed.at(one).error, "origin_reset");
    EXPECT_EQ(client.closed.at(three).error, "origin_reset");
    EXPECT_FALSE(client.closed.at(three).unprocessed);
    EXPECT_EQ(client.response(one).ends, 0);
}

TEST_F(Http2ClientCodecTest, P14_FindsMalformedResponses) {
    struct Case {
        const char* name;
        std::string input;
        const char* tag = "origin_bad_response";
        const char* method = "GET";
    };
    const std::string five = headers(1, {{":status", "200"}, {"content-length", "5"}}, 0);
    const Case cases[] = {
        {"no status", headers(1, {{"a", "b"}})},
        {"an upper-case name", headers(1, {{":status", "200"}, {"A", "b"}})},
        {"a transfer-encoding", headers(1, {{":status", "200"}, {"transfer-encoding", "chunked"}})},
        {"a body after an interim response", headers(1, {{":status", "103"}}, 0) + data(1, "x"), "origin_bad_framing"},
        {"an end after an interim response", headers(1, {{":status", "103"}}, 0) + data(1, "", kEndStream), "origin_bad_framing"},
        {"more than it says", five + data(1, "123456"), "origin_bad_framing"},
        {"less than it says", five + data(1, "1234", kEndStream), "origin_bad_framing"},
        {"a body in answer to HEAD", five + data(1, "12345"), "origin_bad_framing", "HEAD"},
        {"a body after 204", headers(1, {{":status", "204"}}, 0) + data(1, "x"), "origin_bad_framing"},
        {"two lengths", headers(1, {{":status", "200"}, {"content-length", "5"}, {"content-length", "6"}}, 0), "origin_bad_framing"},
        {"trailers with a status", five + data(1, "12345") + headers(1, {{":status", "200"}})},
        {"a head that is too large", headers(1, {{":status", "200"}, {"a", std::string(16'000, 'x')}}, 0), "origin_header_too_large"},
        {"101", headers(1, {{":status", "101"}}, 0)},
        {"interim responses without end", repeat(headers(1, {{":status", "103"}}, 0), 33)},
    };
    for (const Case& c : cases) {
        Client other({.header_bytes_max = 10'000});
        ASSERT_TRUE(other.codec.feed(settings())) << c.name;
        const auto id = other.get("/", c.method);
        (void)produced(other.codec);
        ASSERT_TRUE(other.codec.feed(c.input)) << c.name;
        const auto resets = frames_of(produced(other.codec), kRstStream, id);
        ASSERT_EQ(resets.size(), 1u) << c.name;
        EXPECT_EQ(resets[0].error(), Http2Error::protocol_error) << c.name;
        EXPECT_EQ(other.closed.at(id).error, c.tag) << c.name;
        EXPECT_EQ(other.response(id).ends, 0) << c.name;
        EXPECT_TRUE(other.codec.may_open()) << c.name;
    }
}

TEST_F(Http2ClientCodecTest, P14_ABodyBeforeTheHeadEndsTheConnection) {
    for (const std::string& body : {data(1, "x"), data(1, "", kEndStream)}) {
        Client other;
        ASSERT_TRUE(other.codec.feed(settings()));
        const auto id = other.get();
        (void)produced(other.codec);
        EXPECT_FALSE(other.codec.feed(body));
        EXPECT_EQ(other.closed.at(id).error, "origin_http2_error");
    }
}

TEST_F(Http2ClientCodecTest, RefusesAPushEvenBeforeItsSettingsAreSeen) {
    const auto id = client.get();
    (void)produced(client.codec);
    const auto fed = client.codec.feed(frame(kPushPromise, kEndHeaders, id, number(2) + block({{":method", "GET"}})));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, ErrorCode::origin_http2_error);
    EXPECT_EQ(client.closed.at(id).error, "origin_http2_error");
    EXPECT_FALSE(client.closed.at(id).unprocessed);
    EXPECT_FALSE(client.codec.may_open());
    EXPECT_EQ(frames_of(produced(client.codec), kGoaway).size(), 1u);
}

TEST_F(Http2ClientCodecTest, LosesWhatIsNotCompleteWhenTheOriginCloses) {
    const auto whole = client.get(), half = client.get();
    client.response(whole).pauses = true;
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.feed(response(whole, "200", 0) + data(whole, "all", kEndStream) + response(half, "200", 0)));
    const auto unsent = client.get();
    client.codec.finish();
    EXPECT_EQ(client.closed.at(half).error, "origin_closed");
    EXPECT_FALSE(client.closed.at(half).unprocessed);
    EXPECT_TRUE(client.closed.at(unsent).unprocessed);
    EXPECT_EQ(client.codec.open_streams(), 1u);
    client.response(whole).pauses = false;
    client.resume(whole);
    EXPECT_EQ(client.response(whole).body, "all");
    EXPECT_EQ(client.response(whole).ends, 1);
    (void)produced(client.codec);
    EXPECT_EQ(client.closed.at(whole).error, "");
    EXPECT_EQ(client.codec.open_streams(), 0u);
}

TEST_F(Http2ClientCodecTest, ForgetsARequestThatIsResetBeforeItsHead) {
    SeenResponse never;
    const auto id = client.codec.open(never);
    client.codec.reset(id, Http2Error::cancel);
    const auto next = client.get();
    EXPECT_GT(next, id);
    const std::string out = produced(client.codec);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_TRUE(frames_of(out, kHeaders, id).empty());
    EXPECT_EQ(frames_of(out, kHeaders, next).size(), 1u);
}

TEST_F(Http2ClientCodecTest, ForgetsARequestThatIsResetBeforeItWasSent) {
    const auto id = client.post("body");
    client.codec.reset(id, Http2Error::cancel);
    (void)produced(client.codec);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_EQ(client.codec.open_streams(), 0u);
    EXPECT_TRUE(client.codec.may_open());
}

TEST_F(Http2ClientCodecTest, OpensNoMoreThanTheOriginAllows) {
    EXPECT_TRUE(client.codec.feed(settings({{3, 2}})));
    const auto one = client.get();
    EXPECT_TRUE(client.codec.may_open());
    client.get();
    EXPECT_FALSE(client.codec.may_open());
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.feed(response(one)));
    EXPECT_TRUE(client.codec.may_open());
    client.codec.shut_down();
    EXPECT_FALSE(client.codec.may_open());
    EXPECT_EQ(frames_of(produced(client.codec), kGoaway).size(), 1u);
}

TEST_F(Http2ClientCodecTest, KnowsWhatHoldsUpABody) {
    const auto id = client.post(std::string(70'000, 'x'));
    EXPECT_FALSE(client.codec.is_window_shut(id)) << "nothing has been sent yet";
    (void)produced(client.codec);
    EXPECT_TRUE(client.codec.is_window_shut(id));
    EXPECT_EQ(client.codec.waiting_bytes(id), 70'000u - 65'535);
    EXPECT_TRUE(client.codec.feed(window_update(id, 100'000)));
    EXPECT_TRUE(client.codec.is_window_shut(id)) << "the connection's is";
    EXPECT_TRUE(client.codec.feed(window_update(0, 100'000)));
    EXPECT_FALSE(client.codec.is_window_shut(id));
    (void)produced(client.codec);
    EXPECT_EQ(client.codec.waiting_bytes(id), 0u);
}

TEST_F(Http2ClientCodecTest, AsksWhetherTheConnectionLives) {
    EXPECT_TRUE(client.codec.is_ping_answered());
    client.codec.ping();
    const auto pings = frames_of(produced(client.codec), kPing);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_FALSE(client.codec.is_ping_answered());
    EXPECT_TRUE(client.codec.feed(frame(kPing, kAck, 0, pings[0].payload)));
    EXPECT_TRUE(client.codec.is_ping_answered());
}

}  // namespace
}  // namespace sallyport::http
