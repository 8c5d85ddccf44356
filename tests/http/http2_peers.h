// Both sides of an HTTP/2 connection in memory: codecs whose users write down what they hear, and bytes that go to and fro
// however they are cut.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http2_codec.h"
#include "tests/http/transcript.h"

namespace sallyport::http {

inline constexpr std::size_t kHigh = 64 * 1024;

// "name: [value]" for each field, in order.
inline std::string fields_of(const HeaderMap& headers) {
    std::string text;
    for (const auto [name, value] : headers) text += std::string(name) + ": [" + std::string(value) + "]\n";
    return text;
}

// What came in on one stream.
template <class Sink, class Head>
class Seen : public Sink {
public:
    Next on_body(std::string_view bytes) override {
        EXPECT_FALSE(paused) << "a body after a pause";
        EXPECT_EQ(ends, 0) << "a body after the end";
        body += bytes;
        ++pieces;
        if (on_piece) on_piece();
        return answer();
    }
    Next on_message_end(HeaderMap& ending) override {
        EXPECT_FALSE(paused) << "an end after a pause";
        trailers = fields_of(ending);
        ++ends;
        if (on_end) on_end();
        return Next::go;
    }

    std::vector<Head> heads;
    std::string body;
    std::string trailers;
    int pieces = 0;
    int ends = 0;
    bool pauses = false;  // after each event
    bool paused = false;
    std::function<void()> on_head;
    std::function<void()> on_piece;
    std::function<void()> on_end;

protected:
    Next take_head(Head& head) {
        EXPECT_FALSE(paused) << "a head after a pause";
        heads.push_back(head);
        if (on_head) on_head();
        return answer();
    }
    Next answer() {
        paused = pauses;
        return pauses ? Next::pause : Next::go;
    }
};

struct SeenRequest final : Seen<RequestSink, RequestHead> {
    Next on_request_head(RequestHead& head) override { return take_head(head); }
};
struct SeenResponse final : Seen<ResponseSink, ResponseHead> {
    Next on_response_head(ResponseHead& head) override { return take_head(head); }
};

class Server final : public Http2ServerUser {
public:
    explicit Server(const Http2Limits& limits = {}, Scheme scheme = Scheme::https) : codec(*this, scheme, limits) {}

    RequestSink* on_stream_opened(Http2StreamId id) override {
        if (refuses) return nullptr;
        SeenRequest& request = requests[id];
        request.pauses = pauses;
        if (on_opened) on_opened(id);
        if (on_request_end) request.on_end = [this, id] { on_request_end(id); };
        return &request;
    }
    void on_stream_malformed(Http2StreamId id, Error error) override {
        malformed.emplace_back(id, error);
        if (on_malformed) on_malformed(id);
    }
    void on_stream_drained(Http2StreamId id) override {
        drained.push_back(id);
        if (on_drained) on_drained(id);
    }
    void on_stream_closed(Http2StreamId id, bool was_reset_by_client) override {
        EXPECT_TRUE(closed.emplace(id, was_reset_by_client).second) << "closed twice";
    }

    SeenRequest& only() {
        EXPECT_EQ(requests.size(), 1u);
        return requests.begin()->second;
    }
    void resume(Http2StreamId id) {
        requests[id].paused = false;
        codec.resume(id);
    }
    void respond(Http2StreamId id, int status = 200, std::string_view body = "", const HeaderMap& headers = {},
                 const HeaderMap& trailers = {}) {
        ResponseHead head;
        head.status = status;
        head.headers = headers;
        if (!trailers.empty()) {
            head.body.kind = BodyKind::chunked;
        } else if (!body.empty()) {
            head.body = {BodyKind::length, body.size()};
        }
        codec.response(id).write_head(head);
        codec.response(id).write_body(body);
        codec.response(id).write_end(trailers);
    }

    std::map<Http2StreamId, SeenRequest> requests;
    std::vector<std::pair<Http2StreamId, Error>> malformed;
    std::vector<Http2StreamId> drained;
    std::map<Http2StreamId, bool> closed;
    bool refuses = false;
    bool pauses = false;
    std::function<void(Http2StreamId)> on_opened;
    std::function<void(Http2StreamId)> on_request_end;
    std::function<void(Http2StreamId)> on_malformed;
    std::function<void(Http2StreamId)> on_drained;
    Http2ServerCodec codec;
};

class Client final : public Http2ClientUser {
public:
    struct Closed {
        std::string error;  // its tag
        bool unprocessed = false;
        bool needs_http1 = false;
    };

    explicit Client(const Http2Limits& limits = {}, Scheme scheme = Scheme::https) : codec(*this, scheme, limits) {}

    void on_settings() override { ++settings; }
    void on_stream_drained(Http2StreamId id) override {
        drained.push_back(id);
        if (on_drained) on_drained(id);
    }
    void on_stream_closed(Http2StreamId id, const Ending& ending) override {
        const Closed told{ending.error ? std::string(tag(ending.error->code)) : "", ending.unprocessed, ending.needs_http1};
        EXPECT_TRUE(closed.emplace(id, told).second) << "closed twice";
        if (on_closed) on_closed(id);
    }
    void on_goaway() override { ++goaways; }

    // Writes the head; the body and the end where the head has none.
    Http2StreamId send(const RequestHead& head) {
        auto seen = std::make_unique<SeenResponse>();
        const Http2StreamId id = codec.open(*seen);
        responses[id] = std::move(seen);
        codec.request(id).write_head(head);
        if (head.body.kind == BodyKind::none && !head.upgrade) codec.request(id).write_end({});
        return id;
    }
    Http2StreamId get(std::string_view target = "/", std::string_view method = "GET") {
        return send(make_request(method, target));
    }
    Http2StreamId post(std::string_view body, const HeaderMap& trailers = {}) {
        RequestHead head = make_request("POST", "/");
        head.body = {BodyKind::length, body.size()};
        if (!trailers.empty()) head.body = {BodyKind::chunked};
        const Http2StreamId id = send(head);
        codec.request(id).write_body(body);
        codec.request(id).write_end(trailers);
        return id;
    }
    static RequestHead make_request(std::string_view method, std::string_view target) {
        RequestHead head;
        head.method = method;
        head.target = target;
        head.headers.add("Host", "example.com");
        return head;
    }
    SeenResponse& response(Http2StreamId id) { return *responses.at(id); }
    void resume(Http2StreamId id) {
        response(id).paused = false;
        codec.resume(id);
    }

    std::map<Http2StreamId, std::unique_ptr<SeenResponse>> responses;
    std::vector<Http2StreamId> drained;
    std::map<Http2StreamId, Closed> closed;
    int settings = 0;
    int goaways = 0;
    std::function<void(Http2StreamId)> on_drained;
    std::function<void(Http2StreamId)> on_closed;
    Http2ClientCodec codec;
};

// What a codec has to say now, all of it.
template <class Codec>
std::string produced(Codec& codec) {
    Buffer out;
    while (codec.wants_to_write()) {
        const std::size_t before = out.size();
        codec.produce(out, before + kHigh);
        if (out.size() == before) break;
    }
    return std::string(out.view());
}

// Gives the bytes as a connection would, each piece in its own block.
template <class Codec>
Result<void> feed_cut(Codec& codec, std::string_view bytes, const Cutting& cutting = whole()) {
    while (!bytes.empty()) {
        const std::string piece(bytes.substr(0, cutting.next_size()));
        if (const auto fed = codec.feed(piece); !fed) return fed;
        bytes.remove_prefix(piece.size());
    }
    return {};
}

// Both sides say what they have, until neither has anything.
inline void exchange(Client& client, Server& server, const Cutting& cutting = whole()) {
    while (client.codec.wants_to_write() || server.codec.wants_to_write()) {
        const std::string to_server = produced(client.codec);
        const auto server_fed = feed_cut(server.codec, to_server, cutting);
        ASSERT_TRUE(server_fed) << server_fed.error().detail;
        const std::string to_client = produced(server.codec);
        const auto client_fed = feed_cut(client.codec, to_client, cutting);
        ASSERT_TRUE(client_fed) << client_fed.error().detail;
        if (to_server.empty() && to_client.empty()) break;
    }
}

}  // namespace sallyport::http
