// One stream of HTTP/2 from a sandbox: what the codec and a Stream need of each other. Owned by an Http2Downstream, used again
// for later streams of the same connection; lives on one worker.
#pragma once

#include <cstdint>
#include <utility>

#include "http/http2_codec.h"
#include "proxy/stream.h"
#include "proxy/stream_owner.h"

namespace sallyport::proxy {

class Http2Downstream;

class Http2Exchange final : public http::RequestSink, private http::ResponseWriter, private StreamOwner {
public:
    Http2Exchange(WorkerContext& context, Egress& egress, Http2Downstream& connection);

    void begin(http::Http2StreamId id);
    // What came was no request, or is none any more.
    void on_malformed(Error error);
    void on_drained() { stream_.on_downstream_drained(); }
    // Nothing can be written any more.
    void on_closed(const char* why);
    // What the present round brought has been handed over.
    void on_round_end();
    void on_new_snapshot() { stream_.on_new_snapshot(); }
    void abort(Error error) { stream_.abort(std::move(error)); }
    // Called in equal intervals: whether the client owes something, and has brought less than it should for too long.
    bool is_stalled();

    http::Http2StreamId id() const { return id_; }
    const Stream& stream() const { return stream_; }
    // It has paused, and may go on now.
    bool take_resumption();
    // To be called at the end of the round; whether this is news.
    bool mark_touched() { return !std::exchange(touched_, true); }

    http::Next on_request_head(http::RequestHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;

private:
    enum class Owes { nothing, body, reading };

    // ResponseWriter.
    void write_interim(const http::ResponseHead& head) override;
    void write_head(const http::ResponseHead& head) override;
    void write_body(std::string_view bytes) override;
    void write_end(const http::HeaderMap& trailers) override;

    // StreamOwner.
    const ConnectionTarget& target() const override;
    http::ResponseWriter& response() override { return *this; }
    std::size_t waiting_bytes() const override;
    void flush() override;
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    bool is_draining() const override;
    void on_stream_finished(bool keep_alive) override;
    void finish_writing() override;
    void abort() override;

    http::Next begin_websocket(http::RequestHead& head);
    Owes owes() const;

    WorkerContext& context_;
    Egress& egress_;
    Http2Downstream& connection_;
    Stream stream_;
    http::Http2StreamId id_ = 0;
    bool paused_ = false;
    bool may_resume_ = false;
    bool touched_ = false;
    bool closed_ = false;
    bool has_begun_ = false;  // there is, or was, a request
    bool is_websocket_ = false;
    net::Clock::time_point opened_;
    Owes owed_ = Owes::nothing;  // at the last look
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::uint64_t bytes_at_look_ = 0;
    int resting_rounds_ = 0;
};

}  // namespace sallyport::proxy
