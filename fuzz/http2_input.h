// What the fuzzers of HTTP/2 make of their bytes: frames as they are, or frames whose lengths are right, so that mutations of
// their payloads get past the framing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tests/http/http2_wire.h"
#include "tests/http/transcript.h"

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
    limits.waiting_frames_max = 1'000'000;
    return limits;
}

// What came of one connection.
struct Heard {
    std::string outcome;
    std::map<Http2StreamId, std::string> streams;

    friend bool operator==(const Heard&, const Heard&) = default;
    // The same, or less: a sink that has paused does not hear what was kept when its stream is reset.
    bool is_beginning_of(const Heard& other) const {
        for (const auto& [id, text] : streams) {
            const auto found = other.streams.find(id);
            if (found == other.streams.end() || !found->second.starts_with(text)) return false;
        }
        return true;
    }
};

// After a GOAWAY, and without open streams, nghttp2 reads what came with it, but nothing that comes later.
inline bool depends_on_cuts(std::string_view input) { return !wire::frames_of(input, wire::kGoaway).empty(); }

// A refusal with nothing of its own: whatever the peer does, we hold no more than this and what it sent.
inline constexpr std::size_t kAllocatedBytesMax = 4 * 1024 * 1024;

// `run(input, cutting, meddles)` gives what was heard. The first byte says how.
template <class Run>
void check_cuts(const std::uint8_t* data, std::size_t size, Run run) {
    if (size == 0) return;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string input = data[0] % 2 == 0 ? std::string(rest) : with_lengths(rest);
    const unsigned seed = data[0] >> 1;
    const Heard expected = run(input, whole(), false);
    Cutting drip = byte_by_byte();
    Cutting cut = at_random(seed, 1 + seed);
    (seed % 2 == 0 ? drip : cut).pauses = true;
    for (const Cutting& cutting : {drip, cut}) {
        const Heard heard = run(input, cutting, false);
        const bool is_same = cutting.pauses ? heard.is_beginning_of(expected) : heard == expected;
        SALLYPORT_CHECK(is_same || depends_on_cuts(input));
    }
    run(input, cut, true);
}

}  // namespace sallyport::http
