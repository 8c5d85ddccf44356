// Flow control, back-pressure and turns of the HTTP/2 codecs.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/http/http2_peers.h"
#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

using namespace wire;

constexpr std::size_t kTenMegabytes = 10 * 1024 * 1024;

std::string pattern(std::size_t size, unsigned seed = 1) {
    std::minstd_rand random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

ResponseHead ok() {
    ResponseHead head;
    head.status = 200;
    head.body.kind = BodyKind::chunked;
    return head;
}

// Writes a body as the proxy does: a piece whenever little waits.
template <class Codec, class Writer>
struct Source {
    Codec& codec;
    Writer& writer;
    Http2StreamId id;
    std::string_view body;
    std::size_t most_waiting = 0;
    bool has_ended = false;

    void go_on() {
        while (!body.empty() && codec.waiting_bytes(id) < kHigh) {
            const std::string_view piece = body.substr(0, 10'000);
            writer.write_body(piece);
            body.remove_prefix(piece.size());
            most_waiting = std::max(most_waiting, codec.waiting_bytes(id));
        }
        if (body.empty() && !std::exchange(has_ended, true)) writer.write_end({});
    }
};

TEST(Http2Flow, CarriesLargeBodiesBothWaysAtOnce) {
    const std::string up = pattern(kTenMegabytes, 1), down = pattern(kTenMegabytes, 2);
    Server server;
    Client client;
    std::optional<Source<Http2ServerCodec, ResponseWriter>> response;
    server.on_opened = [&](Http2StreamId id) {
        server.codec.response(id).write_head(ok());
        response.emplace(Source<Http2ServerCodec, ResponseWriter>{server.codec, server.codec.response(id), id, down});
        response->go_on();
    };
    server.on_drained = [&](Http2StreamId) { response->go_on(); };
    RequestHead head = Client::make_request("POST", "/");
    head.body = {BodyKind::length, up.size()};
    const auto id = client.send(head);
    Source<Http2ClientCodec, RequestWriter> request{client.codec, client.codec.request(id), id, up};
    client.on_drained = [&](Http2StreamId) { request.go_on(); };
    request.go_on();
    exchange(client, server, at_random(7, 40'000));
    EXPECT_TRUE(server.only().body == up);
    EXPECT_TRUE(client.response(id).body == down);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_LE(request.most_waiting, kHigh + 10'000);
    EXPECT_LE(response->most_waiting, kHigh + 10'000);
}

TEST(Http2Flow, AStreamWhoseSinkHasPausedFillsItsWindowAndHoldsUpNoOther) {
    Server server({.stream_window_bytes = 100'000});
    Client client;
    exchange(client, server);
    server.on_opened = [&](Http2StreamId id) { server.requests[id].pauses = id == 1; };
    RequestHead head = Client::make_request("POST", "/");
    head.body.kind = BodyKind::chunked;
    const auto slow = client.send(head), fast = client.send(head);
    const std::string body = pattern(kTenMegabytes);
    for (const auto id : {slow, fast}) {
        client.codec.request(id).write_body(body);
        client.codec.request(id).write_end({});
    }
    exchange(client, server);
    EXPECT_EQ(server.requests[fast].body.size(), body.size());
    EXPECT_EQ(server.requests[slow].body, "") << "paused after the head";
    EXPECT_EQ(client.codec.waiting_bytes(slow), body.size() - 100'000);
    EXPECT_TRUE(client.codec.is_window_shut(slow));
    EXPECT_FALSE(client.codec.is_window_shut(fast));
    server.requests[slow].pauses = false;
    server.resume(slow);
    exchange(client, server);
    EXPECT_TRUE(server.requests[slow].body == body);
    EXPECT_EQ(server.requests[slow].ends, 1);
}

TEST(Http2Flow, PausesAfterEveryEventLoseNothing) {
    Server server;
    Client client;
    server.pauses = true;
    const std::string body = pattern(1'000'000);
    HeaderMap trailers;
    trailers.add("a", "b");
    const auto id = client.post(body, trailers);
    for (int rounds = 0; server.requests[1].ends == 0 && rounds < 1000; ++rounds) {
        exchange(client, server);
        if (server.requests[1].paused) server.resume(1);
    }
    EXPECT_TRUE(server.requests[1].body == body);
    EXPECT_EQ(server.requests[1].trailers, "a: [b]\n");
    server.respond(id, 200, body);
    client.response(id).pauses = true;
    for (int rounds = 0; client.response(id).ends == 0 && rounds < 1000; ++rounds) {
        exchange(client, server);
        EXPECT_TRUE(client.closed.empty());
        if (client.response(id).paused) client.resume(id);
    }
    exchange(client, server);
    EXPECT_TRUE(client.response(id).body == body);
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_EQ(client.codec.open_streams() + server.codec.open_streams(), 0u);
}

TEST(Http2Flow, AStreamThatKeepsUpGetsALargerWindow) {
    Server server;
    Client client;
    server.on_opened = [&](Http2StreamId id) {
        server.codec.response(id).write_head(ok());
        server.codec.response(id).write_body(pattern(3 * kTenMegabytes));
    };
    const auto fast = client.get();
    exchange(client, server);
    EXPECT_EQ(client.response(fast).body.size(), 3 * kTenMegabytes);
    client.response(fast).pauses = true;
    server.codec.response(fast).write_body(pattern(kTenMegabytes));
    exchange(client, server);
    const std::size_t in_flight = kTenMegabytes - server.codec.waiting_bytes(fast);
    EXPECT_GT(in_flight, 3 * 1024 * 1024u);
    EXPECT_LE(in_flight, 4 * 1024 * 1024u + kHigh);
}

TEST(Http2Flow, AStreamWhoseSinkIsSlowKeepsItsWindow) {
    Server server;
    Client client;
    server.on_opened = [&](Http2StreamId id) {
        server.codec.response(id).write_head(ok());
        server.codec.response(id).write_body(pattern(kTenMegabytes));
    };
    const auto slow = client.get();
    client.response(slow).pauses = true;
    for (int rounds = 0; rounds < 400; ++rounds) {
        exchange(client, server);
        client.resume(slow);
    }
    const std::size_t heard = client.response(slow).body.size();
    EXPECT_GT(heard, 3'000'000u);
    exchange(client, server);
    EXPECT_LE(kTenMegabytes - server.codec.waiting_bytes(slow) - heard, 64 * 1024u + 16 * 1024);
}

// The streams of the DATA frames, in order.
std::vector<Http2StreamId> turns(std::string_view bytes) {
    std::vector<Http2StreamId> all;
    for (const auto& frame : frames_of(bytes, kData)) all.push_back(frame.stream);
    return all;
}

void expect_turns(const std::vector<Http2StreamId>& all) {
    ASSERT_GE(all.size(), 8u);
    for (std::size_t i = 1; i < 8; ++i) EXPECT_NE(all[i], all[i - 1]) << i;
}

// Two responses with much to say each, whatever the client says of priorities.
std::vector<Http2StreamId> response_turns(std::string_view between, wire::Fields one = {}, wire::Fields other = {}) {
    Server server;
    const auto request = [](Http2StreamId id, wire::Fields more) {
        return frame(kHeaders, kEndStream | kEndHeaders, id,
                     block({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"}}) + block(more));
    };
    EXPECT_TRUE(server.codec.feed(std::string(kPreface) + settings({{4, 1 << 20}}) + window_update(0, 1 << 20) +
                                  request(1, one) + std::string(between) + request(3, other)));
    for (const Http2StreamId id : {1, 3}) {
        server.codec.response(id).write_head(ok());
        server.codec.response(id).write_body(std::string(200'000, 'x'));
    }
    return turns(produced(server.codec));
}

TEST(Http2Flow, StreamsTakeTurnsWhateverTheClientPrefers) {
    expect_turns(response_turns(""));
    expect_turns(response_turns("", {{"priority", "u=0"}}, {{"priority", "u=7"}}));
    expect_turns(response_turns("", {{"priority", "u=7, i"}}, {{"priority", "u=0"}}));
    // Stream 3 depends on stream 1 alone; and weights of 256 to 1.
    expect_turns(response_turns(frame(kPriority, 0, 3, number(0x80000001) + "\xff")));
    expect_turns(response_turns(frame(kPriority, 0, 1, number(0) + "\xff") + frame(kPriority, 0, 3, number(0) + std::string(1, '\0'))));
    // PRIORITY_UPDATE (RFC 9218 section 7.1).
    expect_turns(response_turns(frame(0x10, 0, 0, number(1) + "u=0")));
}

TEST(Http2Flow, RequestsTakeTurnsToo) {
    for (const bool has_no_priorities : {false, true}) {
        Client client;
        std::string hello = settings({{4, 1 << 20}});
        if (has_no_priorities) hello = settings({{4, 1 << 20}, {9, 1}});
        ASSERT_TRUE(client.codec.feed(hello + window_update(0, 1 << 20)));
        client.post(std::string(200'000, 'x'));
        client.post(std::string(200'000, 'y'));
        SCOPED_TRACE(has_no_priorities);
        expect_turns(turns(produced(client.codec)));
    }
}

TEST(Http2Flow, StopsProducingAtTheHighWatermark) {
    Server server;
    ASSERT_TRUE(server.codec.feed(std::string(kPreface) + settings({{4, 1 << 20}}) + window_update(0, 1 << 20) + get(1)));
    server.codec.response(1).write_head(ok());
    server.codec.response(1).write_body(std::string(500'000, 'x'));
    Buffer out;
    server.codec.produce(out, kHigh);
    EXPECT_GE(out.size(), kHigh);
    EXPECT_LE(out.size(), kHigh + 16'384 + 9);
    const std::size_t size = out.size();
    server.codec.produce(out, kHigh);
    EXPECT_EQ(out.size(), size);
    EXPECT_TRUE(server.codec.wants_to_write());
    out.clear();
    server.codec.produce(out, 1);
    EXPECT_EQ(turns(out.view()).size(), 1u);
    EXPECT_TRUE(server.drained.empty());
    (void)produced(server.codec);
    EXPECT_EQ(server.drained, std::vector<Http2StreamId>{1});
}

TEST(Http2Flow, SaysThatTheClientsWindowIsShut) {
    Server server;
    ASSERT_TRUE(server.codec.feed(std::string(kPreface) + settings({{4, 10}}) + get(1)));
    server.respond(1, 200, std::string(30, 'x'));
    EXPECT_EQ(frames_of(produced(server.codec), kData).at(0).payload.size(), 10u);
    EXPECT_FALSE(server.codec.wants_to_write());
    EXPECT_TRUE(server.codec.is_window_shut(1));
    EXPECT_EQ(server.codec.waiting_bytes(1), 20u);
    ASSERT_TRUE(server.codec.feed(window_update(1, 100)));
    EXPECT_FALSE(server.codec.is_window_shut(1));
    EXPECT_EQ(frames_of(produced(server.codec), kData).at(0).payload.size(), 20u);
    EXPECT_EQ(server.closed.size(), 1u);
}

TEST(Http2Flow, ATunnelEndsInEachDirectionByItself) {
    Server server;
    Client client;
    exchange(client, server);
    ASSERT_TRUE(client.codec.allows_extended_connect());
    RequestHead head = Client::make_request("GET", "/chat");
    head.upgrade = true;
    head.protocol = "websocket";
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Connection", "upgrade");
    head.headers.add("Sec-WebSocket-Key", "x");
    head.headers.add("Sec-WebSocket-Version", "13");
    const auto id = client.send(head);
    exchange(client, server);
    const RequestHead& seen = server.only().heads.at(0);
    EXPECT_EQ(seen.method, "CONNECT");
    EXPECT_EQ(seen.protocol, "websocket");
    EXPECT_TRUE(seen.upgrade);
    EXPECT_EQ(seen.body.kind, BodyKind::chunked);
    EXPECT_EQ(fields_of(seen.headers), "Host: [example.com]\nsec-websocket-version: [13]\n");
    server.codec.response(id).write_head(ok());
    server.codec.response(id).write_body("from the server");
    client.codec.request(id).write_body("from the client");
    exchange(client, server);
    EXPECT_EQ(client.response(id).heads.at(0).body.kind, BodyKind::chunked);
    EXPECT_EQ(client.response(id).body, "from the server");
    EXPECT_EQ(server.only().body, "from the client");
    client.codec.request(id).write_end({});
    exchange(client, server);
    EXPECT_EQ(server.only().ends, 1);
    EXPECT_EQ(client.response(id).ends, 0);
    server.codec.response(id).write_body(", still");
    server.codec.response(id).write_end({});
    exchange(client, server);
    EXPECT_EQ(client.response(id).body, "from the server, still");
    EXPECT_EQ(client.closed.at(id).error, "");
    EXPECT_FALSE(server.closed.at(id));
}

}  // namespace
}  // namespace sallyport::http
