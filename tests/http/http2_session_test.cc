// Both codecs, back to back.
#include "http/http2_session.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_peers.h"
#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

HeaderMap fields(std::initializer_list<HeaderMap::Field> list) {
    HeaderMap map;
    for (const auto& [name, value] : list) map.add(name, value);
    return map;
}

// All that both sides heard of one exchange, however its bytes were cut.
std::string heard(const Cutting& cutting) {
    Server server;
    Client client;
    server.on_request_end = [&](Http2StreamId id) {
        ResponseHead hints;
        hints.status = 103;
        hints.headers.add("Link", "</a.css>");
        server.codec.response(id).write_interim(hints);
        server.respond(id, 200, "world", fields({{"Content-Type", "text/plain"}}), fields({{"X-Sum", "1"}}));
    };
    const Http2StreamId id = client.post(std::string(100'000, 'x'), fields({{"X-End", "yes"}}));
    exchange(client, server, cutting);
    const SeenRequest& request = server.only();
    const SeenResponse& response = client.response(id);
    std::string text;
    for (const RequestHead& head : request.heads) {
        text += head.method + " " + head.target + " " + std::to_string(head.version_major) + "\n" + fields_of(head.headers);
    }
    text += std::to_string(request.body.size()) + "\n" + request.trailers + std::to_string(request.ends) + "\n";
    for (const ResponseHead& head : response.heads) text += std::to_string(head.status) + "\n" + fields_of(head.headers);
    text += response.body + "\n" + response.trailers + std::to_string(response.ends) + "\n";
    text += client.closed.at(id).error + "|" + (server.closed.at(id) ? "reset" : "complete") + "\n";
    EXPECT_EQ(client.codec.open_streams() + server.codec.open_streams(), 0u);
    return text;
}

TEST(Http2Session, ExchangesMessagesHoweverTheyAreCut) {
    const std::string expected =
        "POST / 2\nHost: [example.com]\n100000\nx-end: [yes]\n1\n"
        "103\nlink: [</a.css>]\n200\ncontent-type: [text/plain]\nworld\nx-sum: [1]\n1\n|complete\n";
    EXPECT_EQ(heard(whole()), expected);
    EXPECT_EQ(heard(byte_by_byte()), expected);
    for (unsigned seed = 0; seed < 20; ++seed) EXPECT_EQ(heard(at_random(seed, 1 + seed * 7)), expected) << seed;
}

TEST(Http2Session, TakesAHeadInManyFramesHoweverTheyAreCut) {
    using namespace wire;
    const std::string block = wire::block({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"}, {"a", "b"}});
    std::string input = greeting() + frame(kHeaders, kEndStream, 1, block.substr(0, 10));
    for (std::size_t at = 10; at < block.size(); at += 10) {
        input += frame(kContinuation, at + 10 >= block.size() ? kEndHeaders : 0, 1, block.substr(at, 10));
    }
    for (unsigned seed = 0; seed < 20; ++seed) {
        Server server;
        ASSERT_TRUE(feed_cut(server.codec, input, seed == 0 ? byte_by_byte() : at_random(seed, seed)));
        EXPECT_EQ(fields_of(server.only().heads.at(0).headers), "Host: [a.com]\na: [b]\n");
        EXPECT_EQ(server.only().ends, 1);
    }
}

}  // namespace
}  // namespace sallyport::http
