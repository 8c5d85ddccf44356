// WebSocket's frames (RFC 6455 section 5): bytes to frames and back, however the bytes are cut, without keeping any of a
// payload. Strict: what the standard has a receiver fail the connection for is an error. No extensions: a frame that
// uses one is malformed. Pure; owned by whoever reads one direction of a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace sallyport::http {

enum class WebSocketOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline bool is_control(WebSocketOpcode opcode) { return opcode >= WebSocketOpcode::close; }
inline constexpr std::size_t kControlPayloadBytesMax = 125;

using WebSocketMask = std::array<unsigned char, 4>;

struct WebSocketFrame {
    bool is_final = true;  // the last of its message
    WebSocketOpcode opcode = WebSocketOpcode::text;
    std::uint64_t payload_bytes = 0;
    std::optional<WebSocketMask> mask;

    friend bool operator==(const WebSocketFrame&, const WebSocketFrame&) = default;
};

class WebSocketFrameSink {
public:
    virtual ~WebSocketFrameSink() = default;
    // Once a frame's header is complete.
    virtual Result<void> on_frame(const WebSocketFrame& frame) = 0;
    // As it came, masked if the frame is: `at` bytes of the payload were before these. Never empty.
    virtual Result<void> on_payload(std::string_view bytes, std::uint64_t at) = 0;
    virtual Result<void> on_frame_end() = 0;
};

// A client's frames are masked, a server's are not (section 5.1). Also says whose fault an error is.
enum class WebSocketSender { client, server };

class WebSocketFrameParser final {
public:
    // The sink outlives the parser.
    WebSocketFrameParser(WebSocketSender sender, WebSocketFrameSink& sink) : sender_(sender), sink_(sink) {}

    // Takes everything. frame_unreadable for what a client has sent wrong, origin_bad_frame for a server; or what the
    // sink says. After an error the parser is finished.
    Result<void> feed(std::string_view bytes);
    // Nothing of a frame was begun, and no message is open.
    bool is_between_messages() const { return header_size_ == 0 && !in_payload_ && !in_message_; }

private:
    static constexpr std::size_t kHeaderBytesMax = 14;

    Result<void> take_header_byte(unsigned char byte);
    std::size_t header_bytes_wanted() const;
    std::uint64_t read_length() const;
    Result<void> check() const;
    const char* wrong_with_header() const;
    const char* wrong_with_order(WebSocketOpcode opcode, bool is_final) const;
    Result<void> begin_frame();
    Result<void> take_payload(std::string_view& bytes);
    Result<void> end_frame();

    const WebSocketSender sender_;
    WebSocketFrameSink& sink_;
    std::array<unsigned char, kHeaderBytesMax> header_{};
    std::size_t header_size_ = 0;
    WebSocketFrame frame_;
    std::uint64_t taken_bytes_ = 0;  // of the payload
    bool in_payload_ = false;
    bool in_message_ = false;  // a continuation has to come
    bool is_closed_ = false;
};

// A header in the only form that there is for it.
void append_websocket_header(Buffer& out, const WebSocketFrame& frame);

// Masks or unmasks, which is the same (section 5.3): appends to `out`. `at` is where in the payload `bytes` begin.
void append_masked(Buffer& out, std::string_view bytes, const WebSocketMask& mask, std::uint64_t at);

}  // namespace sallyport::http
