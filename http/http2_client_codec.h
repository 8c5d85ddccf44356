// The side of an HTTP/2 connection that sends requests: towards an origin. Owned by one connection, lives on its worker;
// http2_codec.h says what holds for both sides.
#pragma once

#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "http/codec.h"
#include "http/http2.h"

namespace sallyport::http {

// Who owns a connection to an origin.
class Http2ClientUser {
public:
    // The origin's settings have come, first or changed.
    virtual void on_settings() = 0;
    // At most Http2Limits::drained_bytes wait to be written on it, and it was more before; not said after write_end().
    virtual void on_stream_drained(Http2StreamId stream) = 0;
    // Its sink has heard all, or will hear nothing more. `error`, where the response is not complete and it was not
    // reset(): origin_reset, origin_closed, origin_bad_response, ...; `unprocessed`: the origin has said that it did nothing
    // with the request (REFUSED_STREAM, or past a GOAWAY's last stream), so it may be sent again elsewhere; `needs_http1`:
    // HTTP_1_1_REQUIRED.
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
    // Preface and settings wait to be produced at once. The user outlives the codec, which calls nobody when it is destroyed.
    Http2ClientCodec(Http2ClientUser& user, Scheme scheme, const Http2Limits& limits);
    ~Http2ClientCodec();
    Http2ClientCodec(const Http2ClientCodec&) = delete;
    Http2ClientCodec& operator=(const Http2ClientCodec&) = delete;

    // As in the server. origin_http2_error ends the connection, as finish() does.
    Result<void> feed(std::string_view bytes);
    void produce(Buffer& out, std::size_t high_watermark_bytes);
    bool wants_to_write() const;
    // The origin sends no more. on_stream_closed() is called for all streams whose response is not complete (origin_closed).
    // Those that are complete but paused stay until they are resumed: open_streams() says whether there are any.
    void finish();

    // Another request can be begun: neither GOAWAY nor the origin's limit is in the way.
    bool may_open() const;
    // RFC 8441: the origin takes extended CONNECT.
    bool allows_extended_connect() const;
    // The next request's stream: its head is written before anything else is opened. `sink` lives until on_stream_closed().
    Http2StreamId open(ResponseSink& sink);
    // Valid until on_stream_closed(). A head with `upgrade` set is written as an extended CONNECT for `protocol`, or
    // "websocket", and its write_end() ends our direction of the tunnel; the answer is reported as it is (2xx, with a chunked
    // body).
    RequestWriter& request(Http2StreamId stream);
    // Of the request's body, not yet in frames.
    std::size_t waiting_bytes(Http2StreamId stream) const;
    // What waits, waits for the origin's flow control.
    bool is_window_shut(Http2StreamId stream) const;
    void resume(Http2StreamId stream);
    void reset(Http2StreamId stream, Http2Error error);

    // GOAWAY; streams that run come to their end.
    void shut_down();
    // For which on_stream_closed() has still to be called.
    std::size_t open_streams() const;
    // To see whether the connection still lives (RFC 9113 section 6.7); whether all of them are answered.
    void ping();
    bool is_ping_answered() const;
    // What the protocol's own state holds in memory now.
    std::size_t allocated_bytes() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::http
