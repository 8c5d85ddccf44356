#include "http/http2_nghttp2.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_wire.h"

namespace sallyport::http {
namespace {

// Keeps what is sent, and counts what is called.
struct Recorder final : Http2Events {
    int on_begin_headers(const nghttp2_frame&) override { return ++heads, 0; }
    int on_header(std::string_view name, std::string_view value) override {
        fields += std::string(name) + ": [" + std::string(value) + "]\n";
        return 0;
    }
    int on_data(Http2StreamId id, std::string_view bytes) override {
        body += std::to_string(id) + " " + std::string(bytes) + "\n";
        return 0;
    }
    int on_frame(const nghttp2_frame&) override { return ++received, 0; }
    int on_frame_sent(const nghttp2_frame&) override { return ++were_sent, 0; }
    int on_frame_not_sent(const nghttp2_frame&) override { return 0; }
    int on_gone(Http2StreamId id, std::uint32_t) override {
        gone.push_back(id);
        return 0;
    }
    void send_bytes(std::string_view bytes) override { sent += bytes; }
    ssize_t take_body_size(Http2Stream& stream, std::size_t, std::uint32_t& flags) override {
        flags |= NGHTTP2_DATA_FLAG_NO_COPY | NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(stream.outbox.size());
    }
    void send_body(std::string_view frame_header, std::size_t size, Http2Stream& stream) override {
        sent += std::string(frame_header) + std::string(stream.outbox.front(size));
    }

    std::string sent, fields, body;
    int heads = 0, received = 0, were_sent = 0;
    std::vector<Http2StreamId> gone;
};

TEST(NgHttp2, CallsMethodsAndTakesItsMemoryFromUs) {
    Http2Memory memory;
    Recorder events;
    Http2Stream stream(1);
    stream.outbox.begin(Http2Outbox::Body::follows);
    stream.outbox.write("hello");
    {
        const NgHttp2 session = make_nghttp2(Http2Side::server, {}, events, memory);
        EXPECT_GT(memory.allocated_bytes(), 0u);
        const std::string input = wire::greeting() + wire::post(1) + wire::data(1, "body", wire::kEndStream);
        EXPECT_EQ(nghttp2_session_mem_recv(session.get(), reinterpret_cast<const std::uint8_t*>(input.data()), input.size()),
                  static_cast<ssize_t>(input.size()));
        EXPECT_EQ(events.heads, 1);
        EXPECT_EQ(events.fields, ":method: [POST]\n:scheme: [https]\n:authority: [a.com]\n:path: [/]\n");
        EXPECT_EQ(events.body, "1 body\n");
        EXPECT_EQ(events.received, 3);
        std::string name = ":status", value = "200";
        const nghttp2_nv status{reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                                name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
        const nghttp2_data_provider body = body_of(stream);
        EXPECT_EQ(nghttp2_submit_response(session.get(), 1, &status, 1, &body), 0);
        EXPECT_EQ(nghttp2_session_send(session.get()), 0);
    }
    const auto data = wire::frames_of(events.sent, wire::kData, 1);
    ASSERT_EQ(data.size(), 1u);
    EXPECT_EQ(data[0].payload, "hello");
    EXPECT_EQ(wire::frames(events.sent)[0].type, wire::kSettings);
    EXPECT_EQ(static_cast<std::size_t>(events.were_sent), wire::frames(events.sent).size());
    EXPECT_EQ(events.gone, std::vector<Http2StreamId>{1});
    EXPECT_EQ(memory.allocated_bytes(), 0u) << "all of it has come back";
}

TEST(NgHttp2, AClientSaysThePrefaceFirst) {
    Http2Memory memory;
    Recorder events;
    const NgHttp2 session = make_nghttp2(Http2Side::client, {}, events, memory);
    EXPECT_EQ(nghttp2_session_send(session.get()), 0);
    EXPECT_TRUE(events.sent.starts_with(wire::kPreface));
}

}  // namespace
}  // namespace sallyport::http
