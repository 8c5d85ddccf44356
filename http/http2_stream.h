// What a session knows of one stream. Owned by the session, until its user has been told of its end.
#pragma once

#include <cstdint>
#include <optional>

#include "http/http2.h"
#include "http/http2_inbox.h"
#include "http/http2_outbox.h"
#include "http/http2_window.h"

namespace sallyport::http {

struct Http2Stream {
    explicit Http2Stream(Http2StreamId id) : id(id) {}
    Http2Stream(const Http2Stream&) = delete;
    Http2Stream& operator=(const Http2Stream&) = delete;
    virtual ~Http2Stream() = default;

    const Http2StreamId id;
    Http2Inbox inbox;
    Http2Outbox outbox;

    // Of the message that comes in. `has_head`: the one after which a body may come.
    bool has_head = false;
    bool may_have_body = true;
    std::optional<std::uint64_t> announced_bytes;
    std::uint64_t arrived_bytes = 0;
    bool is_malformed = false;
    bool has_ended = false;  // END_STREAM came, at a place where it may

    // Of the one that goes out.
    bool is_head_sent = false;
    bool is_end_sent = false;
    bool is_waiting_for_body = false;  // nghttp2 has been told that there is nothing to take
    bool resets_when_written = false;

    bool was_reset = false;  // by reset()
    bool is_gone = false;    // nghttp2 knows it no more
    Http2Error ending = Http2Error::no_error;
    bool is_closing = false;  // its user will be told
    bool is_silent = false;   // unless it never knew of it

    Http2WindowGrowth::Window window;

    // Complete in both directions.
    bool is_complete() const { return has_ended && is_end_sent; }
};

}  // namespace sallyport::http
