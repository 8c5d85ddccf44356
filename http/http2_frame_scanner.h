// Looks at the header of each frame before nghttp2 does, and at no payload: counts what a peer should not send many of, and
// stops what no peer may send here. Owned by one session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/http2.h"
#include "http/http2_budget.h"

namespace sallyport::http {

class Http2FrameScanner {
public:
    struct Fault {
        Http2Error error = Http2Error::protocol_error;
        const char* why = "";
    };

    // `preface_bytes` come before the first frame. The budget outlives the scanner.
    Http2FrameScanner(std::size_t preface_bytes, const Http2Limits& limits, Http2Budget& budget)
        : budget_(budget),
          limits_(limits),
          skip_(preface_bytes) {}

    // How many of the bytes are good: all, or those before the frame that fault() is about. Not called after a fault.
    std::size_t scan(std::string_view bytes);
    const std::optional<Fault>& fault() const { return fault_; }

private:
    void take_frame();
    void take_part_of_head(std::size_t length, bool ends_head, std::size_t continuations);
    void fail(Http2Error error, const char* why);

    Http2Budget& budget_;
    const Http2Limits limits_;
    std::size_t skip_;  // payload bytes until the next header
    std::array<unsigned char, 9> header_{};
    std::size_t header_size_ = 0;
    std::size_t continuations_ = 0;
    std::optional<Fault> fault_;
};

}  // namespace sallyport::http
