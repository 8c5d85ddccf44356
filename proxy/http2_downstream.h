// The HTTP/2 of one connection from a sandbox: its streams, of which each carries one request. Owned by the Downstream whose
// connection it is, and which reads and writes for it; lives on one worker.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "http/http2_codec.h"
#include "proxy/http2_exchange.h"

namespace sallyport::proxy {

// The connection itself.
class Http2Carrier {
public:
    virtual const ConnectionTarget& target() const = 0;
    // Writes what it can, now.
    virtual void write_now() = 0;
    // Once the present event is handled.
    virtual void write_soon() = 0;

protected:
    ~Http2Carrier() = default;
};

class Http2Downstream final : private http::Http2ServerUser {
public:
    Http2Downstream(WorkerContext& context, Egress& egress, Http2Carrier& carrier);
    ~Http2Downstream();
    Http2Downstream(const Http2Downstream&) = delete;
    Http2Downstream& operator=(const Http2Downstream&) = delete;

    // http2_error or http2_flood: the connection is over once what waits is written; its streams have ended.
    Result<void> feed(std::string_view bytes);
    // After what one read, or one waking, has brought.
    void end_round();
    // Fills `out` up to the high watermark.
    void produce(Buffer& out);
    // Takes no new streams.
    void shut_down();
    // The client sends no more: what it has asked for in full is still answered.
    void on_eof();
    void on_new_snapshot();
    // Ends all streams.
    void abort(const Error& error);
    // The connection is no more; the egress may go next.
    void close(const Error& error);

    std::size_t open_streams() const { return exchanges_.size(); }
    std::uint64_t requests() const { return requests_; }
    // Of those that run, the one that came first; null for none.
    const Stream* first_stream() const;

    // For the exchanges.
    http::Http2ServerCodec& codec() { return codec_; }
    const http::Http2ServerCodec& codec() const { return codec_; }
    const ConnectionTarget& target() const { return carrier_.target(); }
    void touch(Http2Exchange& exchange);
    void resume_soon(Http2Exchange& exchange);
    void write_now();
    void write_soon() { carrier_.write_soon(); }

private:
    using Exchanges = std::unordered_map<http::Http2StreamId, std::unique_ptr<Http2Exchange>>;

    http::RequestSink* on_stream_opened(http::Http2StreamId stream) override;
    void on_stream_malformed(http::Http2StreamId stream, Error error) override;
    void on_stream_drained(http::Http2StreamId stream) override;
    void on_stream_closed(http::Http2StreamId stream, bool was_reset_by_client) override;

    Http2Exchange& add(http::Http2StreamId stream);
    Http2Exchange* find(http::Http2StreamId stream) const;
    void resume_streams();
    void recycle_closed();
    void look_for_stalled();
    template <class Call>
    void for_each_open(Call call);

    WorkerContext& context_;
    Egress& egress_;
    Http2Carrier& carrier_;
    http::Http2ServerCodec codec_;
    Exchanges exchanges_;
    std::vector<http::Http2StreamId> touched_;
    std::vector<http::Http2StreamId> resuming_;
    std::vector<std::unique_ptr<Http2Exchange>> closed_;  // may still be in the middle of a call
    std::vector<std::unique_ptr<Http2Exchange>> unused_;
    bool is_counted_ = true;  // its streams, by the egress
    bool is_busy_ = false;  // inside of the codec, which must not be entered twice
    std::uint64_t requests_ = 0;
    net::Timer stalled_;
};

}  // namespace sallyport::proxy
