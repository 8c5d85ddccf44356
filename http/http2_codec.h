// HTTP/2 bytes to messages and messages to HTTP/2 bytes (RFC 9113, RFC 7541, RFC 8441), over nghttp2. No sockets, no clocks;
// one codec is owned by one connection. Requests and responses are the same values as in HTTP/1: `:authority` is the field
// Host (first in the head), `:path` the target, an extended CONNECT has `protocol` set. What nghttp2 lets through and RFC
// 9113 sections 8.2 and 8.3 do not is refused here. PUSH_PROMISE is refused, PRIORITY has no effect: streams that have
// something to send take turns.
//
// A sink that says pause gets nothing more of that stream until resume(); what still comes in for it is kept, and is bounded
// by the stream's flow-control window, which stays shut meanwhile. Other streams go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "http/codec.h"

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
    std::uint32_t concurrent_streams_max = 128;
    std::uint32_t stream_window_bytes = 256 * 1024;
    std::size_t header_bytes_max = 64 * 1024;  // names and values of one head, decompressed
    std::size_t header_count_max = 256;
    std::size_t target_bytes_max = 32 * 1024;
    std::size_t trailer_bytes_max = 8 * 1024;
};

// Who owns a connection to a client.
class Http2ServerUser {
public:
    // A request begins with this head; what is returned hears of it next, and of the rest. It lives until
    // on_stream_closed(); null: refused already by a reset, nothing more is heard of it.
    virtual RequestSink* on_stream_opened(Http2StreamId stream) = 0;
    // What came is no request, or not any more (RFC 9113 section 8.1.1), and its sink hears nothing more. Where no response has
    // begun one may still be written, else the stream is to be reset. `stream` may be one that never had a sink.
    virtual void on_stream_malformed(Http2StreamId stream, Error error) = 0;
    // At most the low watermark waits to be written on it.
    virtual void on_stream_drained(Http2StreamId stream) = 0;
    // Complete on both sides, or reset by either. Its writer and sink are not used any more.
    virtual void on_stream_closed(Http2StreamId stream, bool was_reset_by_client) = 0;

protected:
    ~Http2ServerUser() = default;
};

class Http2ServerCodec final {
public:
    // The settings are written at once. `scheme`: what `:scheme` has to be.
    Http2ServerCodec(Http2ServerUser& user, Scheme scheme, const Http2Limits& limits);
    ~Http2ServerCodec();
    Http2ServerCodec(const Http2ServerCodec&) = delete;
    Http2ServerCodec& operator=(const Http2ServerCodec&) = delete;

    // Takes all bytes. http2_error or http2_flood: the connection is over, once what produce() still gives (a GOAWAY) is
    // written. Calls to the user happen in here, and may write and reset, but not destroy the codec.
    Result<void> feed(std::string_view bytes);
    // Appends frames to `out` until it holds `high_watermark_bytes`, or nothing is ready. May call on_stream_drained() and
    // on_stream_closed().
    void produce(Buffer& out, std::size_t high_watermark_bytes);
    // produce() would have something.
    bool wants_to_write() const;

    // Valid until on_stream_closed().
    ResponseWriter& response(Http2StreamId stream);
    // Of the response's body, not yet in frames.
    std::size_t waiting_bytes(Http2StreamId stream) const;
    // After its sink has paused. What was kept is handed over in here.
    void resume(Http2StreamId stream);
    // Ends it now. With no_error, after a complete response whose request is not wanted any more, once that is written.
    void reset(Http2StreamId stream, Http2Error error);

    // Takes no new streams: GOAWAY, with those that have come to their end.
    void shut_down();
    bool is_shutting_down() const;
    std::size_t open_streams() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// Who owns a connection to an origin.
class Http2ClientUser {
public:
    // The origin's settings have come, first or changed.
    virtual void on_settings() = 0;
    virtual void on_stream_drained(Http2StreamId stream) = 0;
    // Its sink has heard all, or will hear nothing more. `error`, where the response is not complete: origin_reset,
    // origin_bad_response, ...; `unprocessed`: the origin has said that it did nothing with the request (REFUSED_STREAM, or past
    // a GOAWAY's last stream), so it may be sent again elsewhere; `needs_http1`: HTTP_1_1_REQUIRED.
    struct Ending {
        const Error* error = nullptr;
        bool unprocessed = false;
        bool needs_http1 = false;
    };
    virtual void on_stream_closed(Http2StreamId stream, const Ending& ending) = 0;
    // It takes no new streams any more.
    virtual void on_goaway() = 0;

protected:
    ~Http2ClientUser() = default;
};

class Http2ClientCodec final {
public:
    // Preface and settings are written at once.
    Http2ClientCodec(Http2ClientUser& user, Scheme scheme, const Http2Limits& limits);
    ~Http2ClientCodec();
    Http2ClientCodec(const Http2ClientCodec&) = delete;
    Http2ClientCodec& operator=(const Http2ClientCodec&) = delete;

    // As in the server. origin_http2_error ends the connection; on_stream_closed() has been called for its streams then.
    Result<void> feed(std::string_view bytes);
    void produce(Buffer& out, std::size_t high_watermark_bytes);
    bool wants_to_write() const;

    // Another request can be begun: neither GOAWAY nor the origin's limit is in the way.
    bool may_open() const;
    // RFC 8441: the origin takes extended CONNECT.
    bool allows_extended_connect() const;
    // The next request's stream: its head is written first of all. `sink` lives until on_stream_closed().
    Http2StreamId open(ResponseSink& sink);
    RequestWriter& request(Http2StreamId stream);
    std::size_t waiting_bytes(Http2StreamId stream) const;
    void resume(Http2StreamId stream);
    void reset(Http2StreamId stream, Http2Error error);

    // GOAWAY; streams that run come to their end.
    void shut_down();
    std::size_t open_streams() const;
    // To see whether the connection still lives (RFC 9113 section 6.7); whether all of them are answered.
    void ping();
    bool is_ping_answered() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::http
