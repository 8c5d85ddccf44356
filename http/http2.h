// What both sides of HTTP/2 share: stream numbers, error codes, and the bounds of one connection. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::http {

using Http2StreamId = std::int32_t;

// RFC 9113 section 7.
enum class Http2Error : std::uint32_t {
    no_error = 0,
    protocol_error = 1,
    internal_error = 2,
    refused_stream = 7,
    cancel = 8,
    connect_error = 10,
    enhance_your_calm = 11,
    http_1_1_required = 13,
};

// Each with its reason. The budgets bound what a peer can make us do for nothing: when one is used up, the connection ends
// with ENHANCE_YOUR_CALM.
struct Http2Limits {
    // What browsers and gRPC clients reckon with. Those count too that have ended but wait for a slow sink.
    std::uint32_t concurrent_streams_max = 128;
    // What a stream can make us keep while its sink has paused: 8 MiB for all of them, as much as a read's worth for each.
    std::uint32_t stream_window_bytes = 64 * 1024;
    // A stream whose sink keeps up gets twice as much each time it has used its window up, for long round trips: 4 MiB are
    // 340 Mbit/s at 100 ms. All of a connection's streams together get only so much more.
    std::uint32_t stream_window_bytes_max = 4 * 1024 * 1024;
    std::size_t window_growth_bytes_max = 8 * 1024 * 1024;
    // Given back as bytes arrive, whoever they are for, so that a slow stream holds up no other: it bounds no memory, only
    // what is on its way.
    std::uint32_t connection_window_bytes = 8 * 1024 * 1024;
    // A stream that has at most this waiting to be written is drained: a quarter of what its user may let wait.
    std::size_t drained_bytes = 16 * 1024;

    std::size_t header_bytes_max = 64 * 1024;  // names and values of one head, decompressed
    std::size_t header_count_max = 256;
    std::size_t target_bytes_max = 32 * 1024;
    std::size_t trailer_bytes_max = 8 * 1024;
    // Frames that go on with a head: with a first one, more than any head that is allowed needs at 16 KiB each.
    std::size_t continuations_max = 8;
    // A head is read to its end also after it was too large, for the sake of the compression's state; but not beyond this.
    std::size_t decoded_head_bytes_max = 1024 * 1024;

    // Streams of a client's that may end without a response (reset, malformed, refused), beyond one for each that had its
    // response: two pages full of requests, abandoned at once.
    std::size_t wasted_streams_max = 256;
    // Frames that bring nothing by themselves (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty or unknown ones), beyond what
    // heads, bodies and the number of reads are worth.
    std::size_t idle_frames_max = 1024;
    // What answers to such frames may wait for a peer that does not read; and frames of all kinds, beside bodies: several for
    // each stream.
    std::size_t waiting_answer_bytes_max = 64 * 1024;
    std::size_t waiting_frames_max = 2048;
};

}  // namespace sallyport::http
