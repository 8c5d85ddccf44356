// A connection of the admin API: moves bytes between a socket, in TLS over TCP, and its session, and keeps the deadlines.
// Owned by the server, on its loop.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "admin/callers.h"
#include "admin/limits.h"
#include "admin/session.h"
#include "base/unique_fd.h"
#include "net/connection.h"
#include "net/loop.h"

namespace sallyport::admin {

// What all connections share; outlives them.
struct ConnectionContext {
    net::Loop& loop;
    const SessionContext& session;
    Deadlines deadlines;
    SSL_CTX* tls = nullptr;  // of those over TCP; null: in the clear, on loopback
    const std::vector<CertificateCaller>* certificates = nullptr;  // where these say who it is
};

class Connection final {
public:
    // `on_closed` is called once, and may not destroy the connection before it has returned to the loop.
    Connection(const ConnectionContext& context, UniqueFd fd, Peer peer, std::function<void(Connection&)> on_closed);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const Peer& peer() const { return peer_; }
    // Between requests: the first to go where there are too many.
    bool is_idle() const;
    void close();

private:
    enum class State { handshake, open, linger, closed };
    enum class Waiting { nothing, handshake, first_head, head, body, idle, answer, client_reads, keep_alive, linger };

    void on_ready();
    void step_handshake();
    void begin_session();
    void round();
    bool read_some();
    void on_eof();
    void flush();
    void discard();
    void begin_linger();
    void update_interest();
    Waiting waiting_for() const;
    std::chrono::milliseconds duration_of(Waiting waiting) const;
    void update_deadline();
    void on_deadline();

    const ConnectionContext& context_;
    Peer peer_;
    std::function<void(Connection&)> on_closed_;
    net::Connection connection_;
    net::Timer deadline_;
    net::Timer again_;
    std::unique_ptr<Session> session_;  // from the handshake on
    State state_ = State::open;
    Waiting waiting_ = Waiting::nothing;
    bool saw_eof_ = false;
    bool had_request_ = false;
    std::uint64_t bytes_out_ = 0;
    std::uint64_t bytes_out_at_check_ = 0;
    std::size_t discarded_ = 0;
};

}  // namespace sallyport::admin
