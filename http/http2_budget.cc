#include "http/http2_budget.h"

namespace sallyport::http {
namespace {

// Less than this for one WINDOW_UPDATE is a drip.
constexpr std::size_t kWorthyBytes = 1024;

}  // namespace

void Http2Budget::earn_read() {
    earn(frames_, 1, frames_max_);
    if (++reads_ % kReadsPerStream == 0) earn(streams_, 1, streams_max_);
}

void Http2Budget::earn_body(std::size_t bytes, bool is_cut_short) {
    if (bytes == 0 || (is_cut_short && bytes < kWorthyBytes)) return;
    earn(frames_, kFramesPerPiece, frames_max_);
}

}  // namespace sallyport::http
