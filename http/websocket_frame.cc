#include "http/websocket_frame.h"

#include <algorithm>
#include <cstring>

namespace sallyport::http {
namespace {

constexpr unsigned kFinalBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kOpcodeBits = 0x0f;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7f;
// Instead of a length: that follows in two bytes, or in eight.
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;
constexpr std::size_t kShortHeaderBytes = 2;
constexpr std::size_t kCloseCodeBytes = 2;

std::size_t length_bytes(unsigned second_byte) {
    const unsigned length = second_byte & kLengthBits;
    return length == kLength64 ? 8 : length == kLength16 ? 2 : 0;
}

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// The widest form must be needed, and its highest bit is zero (section 5.2).
bool is_shortest(std::uint64_t length, unsigned second_byte) {
    if (length_bytes(second_byte) == 8) return length > 0xffff && length >> 63 == 0;
    return length_bytes(second_byte) == 0 || length >= kLength16;
}

void append_big_endian(Buffer& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.append(static_cast<char>(value >> shift & 0xff));
}

}  // namespace

Result<void> WebSocketFrameParser::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (in_payload_) {
            if (auto taken = take_payload(bytes); !taken) return taken;
            continue;
        }
        if (auto taken = take_header_byte(static_cast<unsigned char>(bytes.front())); !taken) return taken;
        bytes.remove_prefix(1);
    }
    return {};
}

Result<void> WebSocketFrameParser::take_header_byte(unsigned char byte) {
    header_[header_size_++] = byte;
    if (header_size_ < kShortHeaderBytes || header_size_ < header_bytes_wanted()) return {};
    if (auto right = check(); !right) return right;
    return begin_frame();
}

std::size_t WebSocketFrameParser::header_bytes_wanted() const {
    const std::size_t mask_bytes = (header_[1] & kMaskBit) != 0 ? sizeof(WebSocketMask) : 0;
    return kShortHeaderBytes + length_bytes(header_[1]) + mask_bytes;
}

std::uint64_t WebSocketFrameParser::read_length() const {
    const std::size_t count = length_bytes(header_[1]);
    if (count == 0) return header_[1] & kLengthBits;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | header_[kShortHeaderBytes + i];
    return length;
}

Result<void> WebSocketFrameParser::check() const {
    const char* wrong = wrong_with_header();
    if (wrong == nullptr) {
        wrong = wrong_with_order(static_cast<WebSocketOpcode>(header_[0] & kOpcodeBits), (header_[0] & kFinalBit) != 0);
    }
    if (wrong == nullptr) return {};
    return failure(sender_ == WebSocketSender::client ? ErrorCode::frame_unreadable : ErrorCode::origin_bad_frame, wrong);
}

const char* WebSocketFrameParser::wrong_with_header() const {
    const bool is_masked = (header_[1] & kMaskBit) != 0;
    if ((header_[0] & kReservedBits) != 0) return "an extension is used that was not agreed on";
    if (!is_known(header_[0] & kOpcodeBits)) return "a reserved opcode";
    if (is_masked != (sender_ == WebSocketSender::client)) return is_masked ? "a masked frame" : "a frame without mask";
    if (!is_shortest(read_length(), header_[1])) return "a length that is not in its shortest form";
    return nullptr;
}

const char* WebSocketFrameParser::wrong_with_order(WebSocketOpcode opcode, bool is_final) const {
    if (is_closed_) return "a frame after close";
    if (is_control(opcode)) {
        if (!is_final) return "a control frame in fragments";
        if (read_length() > kControlPayloadBytesMax) return "a control frame of over 125 bytes";
        const bool is_half_code = opcode == WebSocketOpcode::close && read_length() > 0 && read_length() < kCloseCodeBytes;
        return is_half_code ? "half a close code" : nullptr;
    }
    if (opcode == WebSocketOpcode::continuation) return in_message_ ? nullptr : "a continuation of nothing";
    return in_message_ ? "a message inside another" : nullptr;
}

Result<void> WebSocketFrameParser::begin_frame() {
    frame_ = {(header_[0] & kFinalBit) != 0, static_cast<WebSocketOpcode>(header_[0] & kOpcodeBits), read_length(), {}};
    if ((header_[1] & kMaskBit) != 0) {
        std::memcpy(frame_.mask.emplace().data(), header_.data() + header_size_ - sizeof(WebSocketMask),
                    sizeof(WebSocketMask));
    }
    header_size_ = 0;
    taken_bytes_ = 0;
    in_payload_ = true;
    if (!is_control(frame_.opcode)) in_message_ = !frame_.is_final;
    is_closed_ = frame_.opcode == WebSocketOpcode::close;
    if (auto taken = sink_.on_frame(frame_); !taken) return taken;
    return frame_.payload_bytes == 0 ? end_frame() : Result<void>();
}

Result<void> WebSocketFrameParser::take_payload(std::string_view& bytes) {
    const auto piece = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), frame_.payload_bytes - taken_bytes_));
    bytes.remove_prefix(piece.size());
    const std::uint64_t at = taken_bytes_;
    taken_bytes_ += piece.size();
    if (auto taken = sink_.on_payload(piece, at); !taken) return taken;
    return taken_bytes_ == frame_.payload_bytes ? end_frame() : Result<void>();
}

Result<void> WebSocketFrameParser::end_frame() {
    in_payload_ = false;
    return sink_.on_frame_end();
}

void append_websocket_header(Buffer& out, const WebSocketFrame& frame) {
    const std::uint64_t length = frame.payload_bytes;
    const unsigned short_length = length > 0xffff ? kLength64 : length >= kLength16 ? kLength16 : static_cast<unsigned>(length);
    out.append(static_cast<char>((frame.is_final ? kFinalBit : 0) | static_cast<unsigned>(frame.opcode)));
    out.append(static_cast<char>((frame.mask ? kMaskBit : 0) | short_length));
    append_big_endian(out, length, static_cast<int>(length_bytes(short_length)));
    if (frame.mask) out.append({reinterpret_cast<const char*>(frame.mask->data()), frame.mask->size()});
}

void append_masked(Buffer& out, std::string_view bytes, const WebSocketMask& mask, std::uint64_t at) {
    // Eight bytes at a time: the same eight all along.
    std::array<unsigned char, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(at + i) % mask.size()];
    std::uint64_t word = 0;
    std::memcpy(&word, turned.data(), sizeof word);
    char* to = out.reserve(bytes.size());
    std::size_t done = 0;
    for (; done + sizeof word <= bytes.size(); done += sizeof word) {
        std::uint64_t part = 0;
        std::memcpy(&part, bytes.data() + done, sizeof part);
        part ^= word;
        std::memcpy(to + done, &part, sizeof part);
    }
    for (; done < bytes.size(); ++done) to[done] = static_cast<char>(bytes[done] ^ turned[done % turned.size()]);
    out.commit(bytes.size());
}

}  // namespace sallyport::http
