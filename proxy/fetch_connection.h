// One connection over which a sandbox's handler host fetches: HTTP/1.1 over a unix socket, each request in the name of a
// call that runs (X-Sallyport-Call) and for the host that its absolute target names. Owned by HandlerCalls; lives on one
// worker.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "net/connection.h"
#include "proxy/connection_id.h"
#include "proxy/live.h"
#include "proxy/stream.h"
#include "proxy/stream_owner.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

class Egress;
class HandlerCall;
class HandlerCalls;

class FetchConnection final : private http::RequestSink, public StreamOwner {
public:
    FetchConnection(WorkerContext& context, Egress& egress, HandlerCalls& calls, UniqueFd fd);
    ~FetchConnection() override;

    void on_new_snapshot();
    // Ends now: the call whose fetch runs here is over, or an operator wants it so.
    void cut(Error error);
    const ConnectionId& connection_id() const { return id_; }
    // The handler can do nothing but wait for what comes from outside.
    bool waits_for_origin() const { return stream_.waits_for_origin(); }
    LiveConnection describe() const;

    // For the stream.
    const ConnectionTarget& target() const override { return target_; }
    http::ResponseWriter& response() override { return response_; }
    std::size_t waiting_bytes() const override { return out_.size(); }
    void flush() override;
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    bool is_draining() const override { return false; }
    void on_stream_finished(bool keep_alive) override;
    void finish_writing() override { finishing_ = true; }
    void abort() override;

private:
    http::Next on_request_head(http::RequestHead& head) override;
    http::Next on_body(std::string_view bytes) override { return stream_.on_request_body(bytes); }
    http::Next on_message_end(http::HeaderMap& trailers) override { return stream_.on_request_end(trailers); }

    http::Next refuse(http::RequestHead& head, Error error);
    void on_ready(int ready);
    void read_some();
    void feed(std::string_view bytes);
    void end_round();
    void schedule_round();
    bool takes_input() const;
    void leave_call();
    void close();

    WorkerContext& context_;
    HandlerCalls& calls_;
    const ConnectionId id_;
    const net::Clock::time_point opened_;
    ConnectionTarget target_;
    net::Connection connection_;
    http::Http1RequestParser parser_;
    Stream stream_;
    HandlerCall* call_ = nullptr;
    Buffer out_;
    http::Http1ResponseWriter response_{out_};
    Buffer pending_;  // read, but not yet wanted
    bool paused_ = false;
    bool saw_eof_ = false;
    bool closing_ = false;    // once out_ is written
    bool finishing_ = false;  // our side ends once out_ is written
    bool closed_ = false;
    bool round_scheduled_ = false;
    std::uint64_t requests_ = 0;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    net::Clock::time_point head_started_;
    net::Timer head_deadline_;
};

}  // namespace sallyport::proxy
