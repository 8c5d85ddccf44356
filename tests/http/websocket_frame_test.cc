#include "http/websocket_frame.h"

#include <gtest/gtest.h>

#include "tests/http/however_cut.h"
#include "tests/http/websocket_frames.h"
#include "tests/http/websocket_transcript.h"

namespace sallyport::http {
namespace {

using namespace std::string_literals;

std::string of_server(std::string_view input) {
    return however_cut([&](const Cutting& cutting) {
        return read_websocket(input, WebSocketSender::server, cutting).text;
    });
}

std::string of_client(std::string_view input) {
    return however_cut([&](const Cutting& cutting) {
        return read_websocket(input, WebSocketSender::client, cutting).text;
    });
}

TEST(WebSocketFrame, ReadsTheStandardsExamples) {  // RFC 6455 section 5.7
    EXPECT_EQ(of_server("\x81\x05Hello"), "1 final 5 [Hello]\nbetween messages");
    EXPECT_EQ(of_client("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "1 final 5 [Hello]\nbetween messages");
    EXPECT_EQ(of_server("\x01\x03Hel\x80\x02lo"), "1 more 3 [Hel]\n0 final 2 [lo]\nbetween messages");
    EXPECT_EQ(of_server("\x89\x05Hello"), "9 final 5 [Hello]\nbetween messages");
    EXPECT_EQ(of_client("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "10 final 5 [Hello]\nbetween messages");
    const std::string medium(256, 'a'), large(65536, 'b');
    EXPECT_EQ(of_server("\x82\x7e\x01\x00"s + medium), "2 final 256 [" + medium + "]\nbetween messages");
    EXPECT_EQ(read_websocket("\x82\x7f\0\0\0\0\0\x01\0\0"s + large, WebSocketSender::server).text,
              "2 final 65536 [" + large + "]\nbetween messages");
}

TEST(WebSocketFrame, WhatIsReadIsWrittenAgainByteForByte) {
    std::string input;
    for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70000}) {
        input += client_frame(0x82, std::string(size, 'x'));
    }
    input += client_frame(0x01, "a") + client_frame(0x89, "ping") + client_frame(0x00, "") + client_frame(0x80, "b");
    input += client_frame(0x88, "\x03\xe8" "bye");
    for (unsigned seed = 0; seed < 20; ++seed) {
        const auto reading = read_websocket(input, WebSocketSender::client, at_random(seed, 1 + seed * 37));
        EXPECT_EQ(reading.written, input) << seed;
    }
}

TEST(WebSocketFrame, ControlFramesMayComeBetweenFragments) {
    EXPECT_EQ(of_server(server_frame(0x01, "He") + server_frame(0x89, "?") + server_frame(0x00, "") +
                        server_frame(0x8a, "") + server_frame(0x80, "y")),
              "1 more 2 [He]\n9 final 1 [?]\n0 more 0 []\n10 final 0 []\n0 final 1 [y]\nbetween messages");
    EXPECT_EQ(of_server(server_frame(0x02, "a")), "2 more 1 [a]\n");
}

TEST(WebSocketFrame, RefusesWhatTheStandardFailsTheConnectionFor) {
    struct Case {
        std::string bytes;
        std::string error;
    };
    const std::string fine = "1 final 2 [ok]\n";
    const Case cases[] = {
        {"\xc1\x01"s "a", "an extension is used that was not agreed on"},
        {"\xa1\x01"s "a", "an extension is used that was not agreed on"},
        {"\x91\x01"s "a", "an extension is used that was not agreed on"},
        {"\x83\x01"s "a", "a reserved opcode"},
        {"\x87\x00"s, "a reserved opcode"},
        {"\x8b\x00"s, "a reserved opcode"},
        {"\x8f\x00"s, "a reserved opcode"},
        {"\x81\x81"s "mask" "a", "a masked frame"},
        {"\x82\x7e\x00\x7d"s, "a length that is not in its shortest form"},
        {"\x82\x7f\0\0\0\0\0\0\xff\xff"s, "a length that is not in its shortest form"},
        {"\x82\x7f\x80\0\0\0\0\0\0\0"s, "a length that is not in its shortest form"},
        {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"s, "a length that is not in its shortest form"},
        {"\x09\x00"s, "a control frame in fragments"},
        {"\x08\x02\x03\xe8"s, "a control frame in fragments"},
        {"\x89\x7e\x00\x7e"s, "a control frame of over 125 bytes"},
        {"\x88\x01\x03"s, "half a close code"},
        {"\x80\x01"s "a", "a continuation of nothing"},
        {"\x00\x01"s "a", "a continuation of nothing"},
    };
    for (const auto& [bytes, error] : cases) {
        const std::string expected = fine + "origin_bad_frame: " + error;
        EXPECT_EQ(of_server(server_frame(0x81, "ok") + bytes).substr(0, expected.size()), expected);
    }
    EXPECT_EQ(of_server(server_frame(0x01, "a") + server_frame(0x81, "b")),
              "1 more 1 [a]\norigin_bad_frame: a message inside another");
    EXPECT_EQ(of_server(server_frame(0x88, "\x03\xe8") + server_frame(0x89, "")),
              "8 final 2 [\x03\xe8]\norigin_bad_frame: a frame after close");
    EXPECT_EQ(of_client("\x81\x01"s "a"), "frame_unreadable: a frame without mask");
}

TEST(WebSocketFrame, TheLongestLengthIsTaken) {
    const std::string header = "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s;
    EXPECT_EQ(of_server(header + "abc"), "2 final 9223372036854775807");
}

TEST(WebSocketFrame, MasksWhereverThePieceBegins) {
    const WebSocketMask mask{0x37, 0xfa, 0x21, 0x3d};
    const std::string text = "The quick brown fox jumps over the lazy dog, twice.";
    const std::string expected = masked(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Buffer out;
        append_masked(out, text.substr(0, cut), mask, 0);
        append_masked(out, text.substr(cut), mask, cut);
        EXPECT_EQ(out.view(), expected) << cut;
    }
}

// What a sink says ends the reading.
class Refusing final : public WebSocketFrameSink {
public:
    explicit Refusing(int when) : when_(when) {}
    Result<void> on_frame(const WebSocketFrame&) override { return say(0); }
    Result<void> on_payload(std::string_view, std::uint64_t) override { return say(1); }
    Result<void> on_frame_end() override { return say(2); }

private:
    Result<void> say(int when) const {
        return when == when_ ? Result<void>(failure(ErrorCode::placeholder_misused, "no")) : Result<void>();
    }
    int when_;
};

TEST(WebSocketFrame, TheSinkMayRefuse) {
    for (int when = 0; when < 3; ++when) {
        Refusing sink(when);
        WebSocketFrameParser parser(WebSocketSender::server, sink);
        const auto taken = parser.feed(server_frame(0x81, "text"));
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, ErrorCode::placeholder_misused);
    }
    Refusing sink(3);
    WebSocketFrameParser parser(WebSocketSender::server, sink);
    EXPECT_TRUE(parser.feed(server_frame(0x81, "text")));
}

}  // namespace
}  // namespace sallyport::http
