#include "http/http2_frame_scanner.h"

#include <algorithm>
#include <cstring>

namespace sallyport::http {
namespace {

// RFC 9113 section 6.
enum FrameType : unsigned char { data = 0, headers = 1, push_promise = 5, continuation = 9 };

constexpr unsigned char kEndStream = 0x1;  // and ACK
constexpr unsigned char kEndHeaders = 0x4;

}  // namespace

std::size_t Http2FrameScanner::scan(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (skip_ > 0) {
            const std::size_t skipped = std::min(skip_, bytes.size() - at);
            skip_ -= skipped;
            at += skipped;
            continue;
        }
        const std::size_t copied = std::min(header_.size() - header_size_, bytes.size() - at);
        std::memcpy(header_.data() + header_size_, bytes.data() + at, copied);
        header_size_ += copied;
        if (header_size_ < header_.size()) return bytes.size();
        header_size_ = 0;
        take_frame();
        if (fault_) return at;
        at += copied;
    }
    return at;
}

void Http2FrameScanner::take_frame() {
    const std::size_t length = static_cast<std::size_t>(header_[0]) << 16 | header_[1] << 8 | header_[2];
    const unsigned char flags = header_[4];
    skip_ = length;
    switch (header_[3]) {
        case data:
            if (length == 0 && (flags & kEndStream) == 0) budget_.spend_frame();
            break;
        case headers:
            // Earned back by each that belongs to a stream.
            budget_.spend_frame();
            take_part_of_head(length, (flags & kEndHeaders) != 0, 0);
            break;
        case continuation: take_part_of_head(length, (flags & kEndHeaders) != 0, continuations_ + 1); break;
        // Until our SETTINGS are acknowledged nghttp2 would take it; a client never may send it.
        case push_promise: return fail(Http2Error::protocol_error, "PUSH_PROMISE");
        default: budget_.spend_frame();
    }
    if (budget_.is_used_up()) fail(Http2Error::enhance_your_calm, "more frames that bring nothing than the work is worth");
}

void Http2FrameScanner::take_part_of_head(std::size_t length, bool ends_head, std::size_t continuations) {
    continuations_ = continuations;
    if (continuations > limits_.continuations_max) return fail(Http2Error::enhance_your_calm, "a head in too many frames");
    if (length == 0 && !ends_head) budget_.spend_frame();
}

void Http2FrameScanner::fail(Http2Error error, const char* why) {
    if (!fault_) fault_ = Fault{error, why};
}

}  // namespace sallyport::http
