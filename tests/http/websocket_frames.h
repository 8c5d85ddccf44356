// WebSocket frames written and read back in the plainest way, for what is shown to the codec and what comes out of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/websocket_frame.h"

namespace sallyport::http {

inline constexpr std::string_view kTestMask = "\x37\xfa\x21\x3d";  // RFC 6455 section 5.7

inline std::string masked(std::string_view bytes, std::string_view mask = kTestMask) {
    std::string out(bytes);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ mask[i % 4]);
    return out;
}

// `first` is the whole first byte: 0x81 is a text message in one frame.
inline std::string frame_bytes(unsigned first, std::string_view payload, bool is_masked) {
    const std::size_t size = payload.size();
    std::string out(1, static_cast<char>(first));
    const unsigned mask_bit = is_masked ? 0x80 : 0;
    const int wide = size > 0xffff ? 8 : size > 125 ? 2 : 0;
    out += static_cast<char>(mask_bit | (wide == 8 ? 127u : wide == 2 ? 126u : static_cast<unsigned>(size)));
    for (int i = wide - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i) & 0xff);
    if (is_masked) out += kTestMask;
    return out + (is_masked ? masked(payload) : std::string(payload));
}

inline std::string server_frame(unsigned first, std::string_view payload) { return frame_bytes(first, payload, false); }
inline std::string client_frame(unsigned first, std::string_view payload) { return frame_bytes(first, payload, true); }

struct PlainFrame {
    unsigned first = 0;
    std::string payload;
    std::string mask;  // empty for none

    friend bool operator==(const PlainFrame&, const PlainFrame&) = default;
};

// Of bytes that hold whole frames in right form; stops at the first that is cut off.
inline std::vector<PlainFrame> read_frames(std::string_view bytes) {
    std::vector<PlainFrame> frames;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    while (bytes.size() >= 2) {
        const bool is_masked = (byte(1) & 0x80) != 0;
        std::uint64_t size = byte(1) & 0x7f;
        const std::size_t wide = size == 127 ? 8 : size == 126 ? 2 : 0;
        const std::size_t head = 2 + wide + (is_masked ? 4 : 0);
        if (bytes.size() < head) break;
        if (wide > 0) size = 0;
        for (std::size_t i = 0; i < wide; ++i) size = size << 8 | byte(2 + i);
        if (bytes.size() - head < size) break;
        const std::string mask(bytes.substr(2 + wide, is_masked ? 4 : 0));
        const auto payload = bytes.substr(head, size);
        frames.push_back({byte(0), is_masked ? masked(payload, mask) : std::string(payload), mask});
        bytes.remove_prefix(head + size);
    }
    return frames;
}

// What an application sees: each message whole, control frames where they came, "text:…", "ping:…".
inline std::vector<std::string> read_messages(std::string_view bytes) {
    const char* names[16] = {"", "text:", "binary:"};
    names[8] = "close:";
    names[9] = "ping:";
    names[10] = "pong:";
    std::vector<std::string> messages;
    std::string message;
    for (const auto& frame : read_frames(bytes)) {
        const unsigned opcode = frame.first & 15;
        if (opcode >= 8) {
            messages.push_back(names[opcode] + frame.payload);
            continue;
        }
        message += names[opcode] + frame.payload;
        if ((frame.first & 0x80) == 0) continue;
        messages.push_back(message);
        message.clear();
    }
    if (!message.empty()) messages.push_back("unfinished " + message);
    return messages;
}

}  // namespace sallyport::http
