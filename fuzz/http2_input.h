// What the fuzzers of HTTP/2 make of their bytes: frames as they are, or frames whose lengths are right, so that mutations of
// their payloads get past the framing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "tests/http/http2_wire.h"

namespace sallyport::http {

// Each frame: type, flags, stream, length (of at most 255), payload.
inline std::string with_lengths(std::string_view input) {
    std::string all;
    while (input.size() >= 4) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
        const std::string_view payload = input.substr(4, at(3));
        all += wire::frame(at(0), at(1), at(2), payload);
        input.remove_prefix(4 + payload.size());
    }
    return all;
}

// Far above what small inputs reach: budgets depend on how the bytes are cut, and have their tests.
inline Http2Limits fuzz_limits() {
    Http2Limits limits{.header_bytes_max = 2048, .header_count_max = 16, .target_bytes_max = 512, .trailer_bytes_max = 256};
    limits.concurrent_streams_max = 100'000;
    limits.wasted_streams_max = limits.idle_frames_max = 1'000'000;
    limits.waiting_answer_bytes_max = 1 << 30;
    return limits;
}

// A refusal with nothing of its own: whatever the peer does, we hold no more than this and what it sent.
inline constexpr std::size_t kAllocatedBytesMax = 4 * 1024 * 1024;

}  // namespace sallyport::http
