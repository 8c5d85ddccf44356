// The side of an HTTP/2 connection that takes requests: towards a sandbox. Owned by one connection, lives on its worker;
// http2_codec.h says what holds for both sides.
#pragma once

#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "http/codec.h"
#include "http/http2.h"

namespace sallyport::http {

// Who owns a connection to a client.
class Http2ServerUser {
public:
    // A request begins; what is returned hears of its head next, and of the rest. It lives until on_stream_closed(). Null:
    // the stream is refused (REFUSED_STREAM), and nothing more is heard of it.
    virtual RequestSink* on_stream_opened(Http2StreamId stream) = 0;
    // What came is no request, or not any more (RFC 9113 section 8.1.1), and its sink hears nothing more. Where no response
    // head has been written one may still be, else the stream is to be reset. `stream` may be one that never had a sink.
    // After a response the codec itself tells the client to send no more.
    virtual void on_stream_malformed(Http2StreamId stream, Error error) = 0;
    // At most Http2Limits::drained_bytes wait to be written on it, and it was more before; not said after write_end().
    virtual void on_stream_drained(Http2StreamId stream) = 0;
    // Complete on both sides (the request with all that was kept of it), reset, or the connection is over. Its writer and
    // sink are not used any more. `was_reset_by_client`: it ended before that, and not by reset().
    virtual void on_stream_closed(Http2StreamId stream, bool was_reset_by_client) = 0;

protected:
    ~Http2ServerUser() = default;
};

class Http2ServerCodec final {
public:
    // The settings wait to be produced at once. `scheme`: what `:scheme` has to be. The user outlives the codec, which calls
    // nobody when it is destroyed.
    Http2ServerCodec(Http2ServerUser& user, Scheme scheme, const Http2Limits& limits);
    ~Http2ServerCodec();
    Http2ServerCodec(const Http2ServerCodec&) = delete;
    Http2ServerCodec& operator=(const Http2ServerCodec&) = delete;

    // Takes all bytes. http2_error or http2_flood: the connection is over, once what produce() still gives (a GOAWAY) is
    // written; on_stream_closed() has been called for its streams. Calls to the user may write and reset, but not destroy
    // the codec.
    Result<void> feed(std::string_view bytes);
    // Appends frames to `out` until it holds `high_watermark_bytes` (a frame more at most), or nothing is ready. May call
    // on_stream_drained() and on_stream_closed().
    void produce(Buffer& out, std::size_t high_watermark_bytes);
    // produce() would have something to write or to tell.
    bool wants_to_write() const;

    // Valid until on_stream_closed().
    ResponseWriter& response(Http2StreamId stream);
    // Of the response's body, not yet in frames.
    std::size_t waiting_bytes(Http2StreamId stream) const;
    // What waits, waits for the client's flow control: its window is shut, not the connection slow.
    bool is_window_shut(Http2StreamId stream) const;
    // After its sink has paused. What was kept is handed over in here, until the sink pauses again.
    void resume(Http2StreamId stream);
    // Ends it now. With no_error, after a complete response whose request is not wanted any more, once that is written.
    void reset(Http2StreamId stream, Http2Error error);

    // GOAWAY: streams that run come to their end, and so do those that are on their way: the first GOAWAY names no last
    // stream, the second does, when the client has answered the PING between them or this is called again.
    void shut_down();
    // The second has been said: nothing new comes, and without open streams the connection may be closed.
    bool is_shutting_down() const;
    // For which on_stream_closed() has still to be called.
    std::size_t open_streams() const;
    // What the protocol's own state holds in memory now.
    std::size_t allocated_bytes() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::http
