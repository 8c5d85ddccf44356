// What one HTTP/2 peer may still make us do for nothing. Spent by frames and streams that bring nothing, earned back by
// honest work, so that a connection may live as long as it likes: no clock is needed. Owned by one session.
#pragma once

#include <cstddef>

#include "http/http2.h"

namespace sallyport::http {

class Http2Budget {
public:
    explicit Http2Budget(const Http2Limits& limits)
        : frames_max_(limits.idle_frames_max),
          streams_max_(limits.wasted_streams_max),
          frames_(frames_max_),
          streams_(streams_max_) {}

    // A frame that brings nothing by itself.
    void spend_frame() { spend(frames_); }
    // A stream that ended without its response.
    void spend_stream() { spend(streams_); }
    // A keep-alive that comes alone is answered for ever: one read, one frame. And who has been here for long may abandon
    // a stream now and then.
    void earn_read();
    // A head, in either direction: a peer may adjust its windows, or ask how we are.
    void earn_head() { earn(frames_, kFramesPerPiece, frames_max_); }
    // A frame of a body, in either direction. One that only the peer's own small window made small is worth nothing.
    void earn_body(std::size_t bytes, bool is_cut_short);
    // A stream that had its response.
    void earn_stream() { earn(streams_, 1, streams_max_); }

    bool is_used_up() const { return is_used_up_; }

private:
    // Credit for stream and connection, a measurement (PING) and its answer.
    static constexpr std::size_t kFramesPerPiece = 4;
    // An attack brings a request with each read at best, and mostly hundreds.
    static constexpr std::size_t kReadsPerStream = 32;

    void spend(std::size_t& left) { left > 0 ? void(--left) : void(is_used_up_ = true); }
    static void earn(std::size_t& left, std::size_t more, std::size_t max) { left = left + more > max ? max : left + more; }

    const std::size_t frames_max_;
    const std::size_t streams_max_;
    std::size_t frames_;
    std::size_t streams_;
    std::size_t reads_ = 0;
    bool is_used_up_ = false;
};

}  // namespace sallyport::http
