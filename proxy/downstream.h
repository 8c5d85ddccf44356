// One connection from a sandbox: finds out what it speaks and whom it is for, ends its TLS, and hands its requests to a
// stream, one after the other; or, where it speaks HTTP/2, to an Http2Downstream. Owned by the sandbox's Egress. Lives on one worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "net/address.h"
#include "net/client_hello.h"
#include "net/connection.h"
#include "proxy/connection_id.h"
#include "proxy/http2_downstream.h"
#include "proxy/proxy_opening.h"
#include "proxy/sniffer.h"
#include "proxy/spoken.h"
#include "proxy/stream.h"
#include "proxy/stream_owner.h"
#include "proxy/upstream_pool.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

class Egress;

class Downstream final : private http::RequestSink, public StreamOwner, private Http2Carrier {
public:
    // `destination` is where the client meant to go.
    Downstream(WorkerContext& context, Egress& egress, UniqueFd fd, const net::Endpoint& destination);
    ~Downstream() override;

    // For a connection of the explicit proxy, once, when the egress owns it (downstream_proxied.cc): a tunnel to the
    // destination, whose client has sent these bytes already; a tunnel that there will not be; or requests, each of which
    // names its host and shows the password.
    void begin_tunnel(std::string_view first_bytes);
    void refuse_tunnel(const Error& error, const ProxyOpening& opening);
    void begin_requests(std::string_view first_bytes);
    bool is_proxied() const { return target_.is_proxied; }

    // Finishes what runs, takes nothing new.
    void begin_drain();
    // The egress has a new snapshot: what it denies ends now.
    void on_new_snapshot();
    // Ends now, whatever runs: a reset, and a line in the log where there was a request.
    void cut(Error error);
    LiveConnection describe() const;
    const ConnectionId& connection_id() const { return id_; }

    // For the stream.
    const ConnectionTarget& target() const override { return target_; }
    http::ResponseWriter& response() override { return response_; }
    std::size_t waiting_bytes() const override { return out_.size(); }
    void flush() override;
    void pause_reading() override { request_paused_ = true; }
    void resume_reading() override;
    bool is_draining() const override;
    void on_stream_finished(bool keep_alive) override;
    void finish_writing() override;
    void abort() override;

private:
    // asking: the origin what it speaks, before the client is told.
    enum class State { greeting, asking, handshaking, open, lingering, closed };
    enum class Waiting { nothing, greeting, handshake, request_head, request_body, idle, client_reads, linger };

    http::Next on_request_head(http::RequestHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;

    void on_ready(int ready);
    void read_greeting();
    void take_greeting(std::string_view bytes);
    Result<void> take_proxy_request(http::RequestHead& head);
    void begin_cleartext();
    bool may_speak_http2() const;
    void read_client_hello();
    // Hands the connection to a tunnel, unread.
    void pass_through(const net::ClientHello& hello);
    void ask_origin(const std::vector<std::string>& offered);
    void begin_tls(Spoken spoken);
    // Refuses before a certificate: by a TLS alert (RFC 8446 section 6), with a line in the log.
    void refuse_tls(Error error, int alert);
    void step_handshake();
    void on_open();

    // Http2Carrier.
    void write_now() override { flush(); }
    void write_soon() override { schedule_round(); }

    void begin_http2();
    void feed_http2(std::string_view bytes);
    bool has_work() const { return stream_.is_active() || (http2_ != nullptr && http2_->open_streams() > 0); }
    void fill_out();
    void abort_streams(const Error& error);

    void read_requests();
    void feed(std::string_view bytes);
    void feed_pending();
    void end_round();
    void schedule_round();
    void on_eof();
    void close_after_flush();
    void linger();
    void discard_input();
    void close();

    bool may_read() const;
    bool may_take_pending() const;
    Waiting waiting_for() const;
    void update_deadline();
    void on_deadline();
    milliseconds duration_of(Waiting waiting) const;
    std::uint64_t progress_of(Waiting waiting) const;
    void give_up_greeting();
    void log_refusal(const Error& error, int status = 0);

    WorkerContext& context_;
    Egress& egress_;
    const ConnectionId id_ = ConnectionId::random();
    const net::Endpoint destination_;
    ConnectionTarget target_;
    State state_ = State::greeting;
    Protocol protocol_ = Protocol::need_more;
    net::Connection connection_;
    http::Http1RequestParser parser_;
    Stream stream_;
    bool asked_origin_ = false;  // for this connection: it has a line, whether a request comes or not
    std::unique_ptr<ProtocolQuestion> question_;  // while it is asked
    std::unique_ptr<Http2Downstream> http2_;  // null for HTTP/1
    Buffer greeting_;
    net::ClientHelloReader hello_;
    Buffer out_;
    http::Http1ResponseWriter response_{out_};
    Buffer pending_;  // read, but not yet wanted: pipelined, or the stream has paused
    bool takes_absolute_targets_ = false;
    bool may_be_allowed_ = false;  // as far as the destination's address tells
    bool request_paused_ = false;
    bool saw_eof_ = false;
    bool closing_ = false;  // once out_ is written
    bool finishing_ = false;  // our side ends once out_ is written
    bool round_scheduled_ = false;
    int linger_rounds_ = 0;
    net::Clock::time_point head_started_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::uint64_t bytes_at_check_ = 0;
    std::uint64_t bytes_before_linger_ = 0;
    std::uint64_t requests_ = 0;
    net::Clock::time_point opened_;
    Waiting waiting_ = Waiting::nothing;
    net::Timer deadline_;
};

}  // namespace sallyport::proxy
