// One connection to an origin: look-up, address check, connecting, verified TLS, then requests one after the other.
// Owned by an UpstreamPool; used by one stream at a time. Lives on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"
#include "net/connection.h"
#include "proxy/origin_dialer.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class UpstreamPool;

// Connections with equal keys are interchangeable; a pool belongs to one sandbox, which is why that is not part of it.
struct UpstreamKey {
    http::Scheme scheme = http::Scheme::https;
    std::string host;  // canonical
    bool is_address = false;
    std::uint16_t port = 0;
    // A literal that a rule names may be dialled; any other is checked as a resolved address is.
    bool is_literal_granted = true;
    // Where a rule has sent the request instead.
    bool is_rewritten = false;
    // The sandbox's handler host: host and port say nothing then.
    bool is_handler = false;
    int credential_index = -1;
    // What an origin is shown that asks for one, over TLS only. The snapshot's: what one certificate has opened is never
    // used or resumed under another.
    const rules::ClientCertificate* client_certificate = nullptr;
    // The rule's, by identity: what one rule was allowed to reach is not reached under another.
    const std::vector<std::string>* granted_networks = nullptr;
    Generation generation;

    // Also what TLS sessions are kept under.
    void append_to(std::string& text) const;
};

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
    // Nothing waits to be written any more.
    virtual void on_upstream_drained() = 0;
    // A connection to a handler host is there. Only then is it known what to write.
    virtual void on_upstream_open() = 0;
    // The connection is gone and already detached; it may still be asked what it saw.
    virtual void on_upstream_failed(Error error) = 0;
};

class Upstream final : private http::ResponseSink {
public:
    // `snapshot` keeps what `key` points to alive.
    Upstream(WorkerContext& context, UpstreamPool& pool, UpstreamKey key,
             std::shared_ptr<const rules::PolicySnapshot> snapshot);
    ~Upstream();

    // Begins to connect; what is written until then goes out afterwards.
    void connect();

    void attach(UpstreamUser& user, std::string_view request_method);
    void detach();

    // Where the request goes. Nothing of it goes out before flush().
    http::RequestWriter& request() { return request_; }
    std::size_t waiting_bytes() const { return out_.size(); }
    // Overwrite what was written once it has gone out: it holds a credential.
    void wipe_after_write() { wipe_after_write_ = true; }
    void flush();
    // After the user has paused.
    void resume_reading();
    // From inside of on_response_head() of a 101: what follows is given to on_body() as it is, and its end to
    // on_message_end(). The user pauses.
    void switch_protocol() { is_raw_ = true; }
    // After the switch: our side ends once all is written.
    void finish_writing();

    // At a message's end: nothing is left over on either side.
    bool is_clean() const { return state_ == State::open && pending_.empty() && out_.empty() && !saw_eof_; }
    bool was_reused() const { return requests_ > 1; }
    bool is_open() const { return state_ == State::open; }
    // Of a handler's connection that is open.
    const HandlerPeer& handler_peer() const { return handler_peer_; }
    bool saw_response_bytes() const { return saw_response_bytes_; }
    const UpstreamKey& key() const { return key_; }
    const UpstreamTimings& timings() const { return timings_; }
    // "address:port", empty until connected.
    std::string_view endpoint() const { return endpoint_; }

    void start_idle();
    // Takes ownership.
    void keep_session(SSL_SESSION* session);
    // Stops everything; the pool deletes it later.
    void close();

private:
    enum class State { dialling, handshaking, open, closed };

    // The user may let go in the middle of what one read brought: the rest is nobody's.
    http::Next on_response_head(http::ResponseHead& head) override {
        return user_ != nullptr ? user_->on_response_head(head) : http::Next::pause;
    }
    http::Next on_body(std::string_view bytes) override {
        return user_ != nullptr ? user_->on_body(bytes) : http::Next::pause;
    }
    http::Next on_message_end(http::HeaderMap& trailers) override {
        return user_ != nullptr ? user_->on_message_end(trailers) : http::Next::pause;
    }

    void on_dialled(Result<UniqueFd> fd);
    void connect_to_handler();
    void on_handler_connected(Result<HandlerConnection> made);
    void start_tls();
    Result<void> offer_certificate(SSL* ssl) const;
    void step_handshake();
    void on_open();
    void on_ready(int ready);
    bool may_read() const { return !paused_ && pending_.empty(); }
    void read_some();
    void take(std::string_view bytes);
    void take_raw(std::string_view bytes);
    void take_pending();
    void on_eof();
    void on_deadline();
    void fail(Error error);
    void update_deadline();
    std::uint64_t lap_us();

    WorkerContext& context_;
    UpstreamPool& pool_;
    const UpstreamKey key_;
    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    State state_ = State::dialling;
    UpstreamUser* user_ = nullptr;
    std::unique_ptr<OriginDialer> dialer_;
    std::unique_ptr<net::Connection> connection_;
    http::Http1ResponseParser parser_;
    std::string endpoint_;
    Buffer out_;
    http::Http1RequestWriter request_{out_};
    Buffer pending_;  // read, but the user has paused
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
