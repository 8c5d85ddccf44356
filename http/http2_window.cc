#include "http/http2_window.h"

namespace sallyport::http {

bool Http2WindowGrowth::use(Window& window, std::size_t bytes) {
    window.used_bytes += bytes;
    if (window.used_bytes < window.bytes) return false;
    window.used_bytes = 0;
    const std::size_t room = bytes_max_ > window.bytes ? bytes_max_ - window.bytes : 0;
    const std::size_t more = std::min({window.bytes, room, left_bytes_});
    window.bytes += more;
    left_bytes_ -= more;
    return more > 0;
}

void Http2WindowGrowth::give_back(Window& window) {
    left_bytes_ += window.bytes - initial_bytes_;
    window.bytes = initial_bytes_;
}

}  // namespace sallyport::http
