// What a stream borrows to send one request to an origin and hear the response. With HTTP/1.1 it is a connection: look-up,
// address check, connecting, verified TLS, then requests one after the other. With HTTP/2 it is one request on an Http2Link that
// others share. Which of them is known once there is a connection; what is written before is held. Owned by an UpstreamPool;
// used by one stream at a time. Lives on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "http/http2.h"
#include "proxy/held_request.h"
#include "proxy/linked_stream.h"
#include "proxy/origin_dialer.h"
#include "proxy/spoken.h"
#include "proxy/upstream_key.h"
#include "proxy/wire.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class UpstreamPool;

struct UpstreamTimings {
    std::uint64_t dns_us = 0;
    std::uint64_t connect_us = 0;
    std::uint64_t tls_us = 0;
};

// What a connection to a handler host knows of it.
struct HandlerPeer {
    HandlerIncarnation incarnation;
    std::string fetch_path;
};

// Whoever uses the connection. It hears of responses as a ResponseSink, inside feed(); the calls below come outside.
class UpstreamUser : public http::ResponseSink {
public:
    // After the pieces that one read brought.
    virtual void on_upstream_round_end() = 0;
    // Nothing waits to be written any more, or little.
    virtual void on_upstream_drained() = 0;
    // A connection to a handler host is there. Only then is it known what to write.
    virtual void on_upstream_open() = 0;
    // The connection is gone and already detached; it may still be asked what it saw.
    virtual void on_upstream_failed(Error error) = 0;
};

class Upstream final : private LinkedStream, private WireUser, private http::RequestWriter {
public:
    // `snapshot` keeps what `key` points to alive.
    Upstream(WorkerContext& context, UpstreamPool& pool, UpstreamKey key,
             std::shared_ptr<const rules::PolicySnapshot> snapshot);
    ~Upstream() override;

    // For the pool. What is written until there is a connection is held, then goes out.
    void connect();
    // Instead: its request is sent on this link.
    void use_link(Http2Link& link);
    void wait_for_link();
    void give_up_soon() { deadline_.start(milliseconds(0)); }
    // Of one that connects: it has found an origin that speaks HTTP/2.
    std::unique_ptr<Wire> take_wire() { return std::move(wire_); }
    void fail(Error error);
    // Of one that has carried nothing: from now on it is this credential's.
    void claim(int credential_index) {
        key_.credential_index = credential_index;
        was_idle_ = true;
    }

    // Of one that takes the place of another that was lost: it is not taken for stale again.
    void mark_fresh() { is_fresh_ = true; }

    void attach(UpstreamUser& user, std::string_view request_method);
    void detach();
    bool has_user() const { return user_ != nullptr; }

    // Where the request goes. Nothing of it goes out before flush().
    http::RequestWriter& request() { return *this; }
    std::size_t waiting_bytes() const;
    // Overwrite what was written once it has gone out: it holds a credential.
    void wipe_after_write();
    void flush();
    // After the user has paused.
    void resume_reading();
    // From inside of on_response_head() of a 101: what follows is given to on_body() as it is, and its end to
    // on_message_end(). The user pauses.
    void switch_protocol() { is_raw_ = true; }
    // After the switch: our side ends once all is written.
    void finish_writing();

    // At a message's end: nothing is left over on either side.
    bool is_clean() const;
    // And so may have been closed without our knowing.
    bool was_reused() const { return !is_fresh_ && (was_idle_ || requests_ > 1); }
    bool is_open() const { return state_ == State::open; }
    // Of a handler's connection that is open.
    const HandlerPeer& handler_peer() const { return handler_peer_; }
    bool saw_response_bytes() const { return saw_response_bytes_; }
    const UpstreamKey& key() const { return key_; }
    const std::shared_ptr<const rules::PolicySnapshot>& snapshot() const { return snapshot_; }
    const UpstreamTimings& timings() const { return timings_; }
    // "address:port", empty until connected.
    std::string_view endpoint() const { return endpoint_; }
    // It has, or makes, a connection that no link has.
    bool has_connection() const { return state_ == State::dialling || wire_ != nullptr; }
    bool is_linked() const { return state_ == State::linked; }

    void start_idle();
    // Stops everything; the pool deletes it later.
    void close();

private:
    enum class State {
        waiting,  // for a link that others make, or that has no room
        dialling,
        handshaking,
        open,    // HTTP/1.1
        linked,  // HTTP/2
        closed,
    };

    // LinkedStream, and what the HTTP/1.1 parser reports. The user may let go in the middle of what one read brought: the
    // rest is nobody's.
    http::Next on_response_head(http::ResponseHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;
    void on_link_round_end() override;
    void on_link_drained() override;
    void on_link_ended(const Ending& ending) override;
    // WireUser.
    void on_wire_ready(int ready) override;
    void keep_session(SSL_SESSION* session) override;
    // RequestWriter.
    void write_head(const http::RequestHead& head) override;
    void write_body(std::string_view bytes) override;
    void write_end(const http::HeaderMap& trailers) override;

    void on_dialled(Result<UniqueFd> fd);
    void connect_to_handler();
    void on_handler_connected(Result<HandlerConnection> made);
    void start_tls();
    Result<void> offer_certificate(SSL* ssl) const;
    void step_handshake();
    void on_open();
    bool writes_http1() const;
    void begin_on_link();
    bool may_send_again() const;
    void accept_websocket(http::ResponseHead& head) const;
    bool has_written_more();
    bool may_read() const { return !paused_ && pending_.empty(); }
    void read_some();
    void take(std::string_view bytes);
    void take_raw(std::string_view bytes);
    void take_pending();
    void on_eof();
    void on_deadline();
    void update_deadline();
    std::uint64_t lap_us();

    WorkerContext& context_;
    UpstreamPool& pool_;
    UpstreamKey key_;
    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    State state_ = State::waiting;
    UpstreamUser* user_ = nullptr;
    std::unique_ptr<OriginDialer> dialer_;
    std::unique_ptr<Wire> wire_;
    HeldRequest held_;
    // HTTP/1.1.
    http::Http1ResponseParser parser_;
    Buffer out_;
    http::Http1RequestWriter http1_{out_};
    Buffer pending_;  // read, but the user has paused
    // HTTP/2.
    Http2Link* link_ = nullptr;
    http::Http2StreamId stream_ = 0;  // 0: not yet, or not any more
    std::string websocket_key_;       // of an upgrade that was asked for on a link
    int resends_ = 0;
    std::uint64_t written_bytes_ = 0;  // of the body, to the link
    std::uint64_t sent_at_check_ = 0;
    bool request_ended_ = false;
    bool response_ended_ = false;

    std::string endpoint_;
    bool was_idle_ = false;  // before the first request
    bool is_fresh_ = false;
    bool paused_ = false;
    bool saw_eof_ = false;
    bool saw_response_bytes_ = false;
    bool wipe_after_write_ = false;
    bool is_raw_ = false;
    bool finishing_ = false;     // our side ends once out_ is written
    bool half_closed_ = false;   // one side has ended
    std::uint64_t requests_ = 0;
    HandlerPeer handler_peer_;
    // A handler host is asked for on another thread: its answer may find this object gone.
    std::shared_ptr<Upstream*> awaits_handler_;
    UpstreamTimings timings_;
    net::Clock::time_point lap_start_;
    net::Timer deadline_;
};

}  // namespace sallyport::proxy
