// What a frame parser reports, as text, however the bytes were cut. Shared by its test and its fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "http/websocket_frame.h"
#include "tests/http/transcript.h"

namespace sallyport::http {

class WebSocketTranscript final : public WebSocketFrameSink {
public:
    Result<void> on_frame(const WebSocketFrame& frame) override {
        frame_ = frame;
        payload_.clear();
        text_ += std::to_string(static_cast<int>(frame.opcode)) + (frame.is_final ? " final " : " more ") +
                 std::to_string(frame.payload_bytes);
        append_websocket_header(written_, frame);
        return {};
    }
    Result<void> on_payload(std::string_view bytes, std::uint64_t at) override {
        SALLYPORT_CHECK(at == payload_.size() && !bytes.empty());
        if (frame_.mask) {
            Buffer plain;
            append_masked(plain, bytes, *frame_.mask, at);
            payload_ += plain.view();
        } else {
            payload_ += bytes;
        }
        written_.append(bytes);
        return {};
    }
    Result<void> on_frame_end() override {
        SALLYPORT_CHECK(payload_.size() == frame_.payload_bytes);
        text_ += " [" + payload_ + "]\n";
        return {};
    }

    std::string text_;
    Buffer written_;  // the same frames, written again

private:
    WebSocketFrame frame_;
    std::string payload_;
};

struct WebSocketReading {
    std::string text;     // frames, and the error
    std::string written;  // all that was read, if it was right
};

inline WebSocketReading read_websocket(std::string_view input, WebSocketSender sender, Cutting cutting = whole()) {
    WebSocketTranscript transcript;
    WebSocketFrameParser parser(sender, transcript);
    while (!input.empty()) {
        const auto piece = input.substr(0, cutting.next_size());
        input.remove_prefix(piece.size());
        if (auto taken = parser.feed(piece); !taken) {
            transcript.text_ += std::string(tag(taken.error().code)) + ": " + taken.error().detail;
            break;
        }
    }
    if (parser.is_between_messages()) transcript.text_ += "between messages";
    return {transcript.text_, std::string(transcript.written_.view())};
}

}  // namespace sallyport::http
