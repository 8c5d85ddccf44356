// How large the windows of one connection's streams are: streams whose sink keeps up with a fast peer get more, out of what
// the connection has for all of them, until they end. Pure; owned by one session.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "http/http2.h"

namespace sallyport::http {

class Http2WindowGrowth {
public:
    struct Window {
        std::size_t bytes = 0;
        std::size_t used_bytes = 0;  // since it last grew, or its sink last paused
    };

    explicit Http2WindowGrowth(const Http2Limits& limits)
        : initial_bytes_(limits.stream_window_bytes),
          bytes_max_(limits.stream_window_bytes_max),
          left_bytes_(limits.window_growth_bytes_max) {}

    Window initial() const { return {initial_bytes_, 0}; }
    // Its sink has taken so many bytes. Whether the window has become larger.
    bool use(Window& window, std::size_t bytes);
    void pause(Window& window) { window.used_bytes = 0; }
    // The stream has ended.
    void give_back(Window& window);

private:
    const std::size_t initial_bytes_;
    const std::size_t bytes_max_;
    std::size_t left_bytes_;
};

}  // namespace sallyport::http
