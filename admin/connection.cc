#include "admin/connection.h"

#include <array>
#include <utility>

namespace sallyport::admin {
namespace {

// One busy connection must not keep the others waiting.
constexpr int kReadsPerRoundMax = 8;

}  // namespace

Connection::Connection(const ConnectionContext& context, UniqueFd fd, Peer peer,
                       std::function<void(Connection&)> on_closed)
    : context_(context),
      peer_(std::move(peer)),
      on_closed_(std::move(on_closed)),
      connection_(context.loop, std::move(fd), [this](int) { on_ready(); }),
      deadline_(context.loop, [this] { on_deadline(); }),
      again_(context.loop, [this] { on_ready(); }) {
    if (peer_.is_local || context_.tls == nullptr) {
        begin_session();
    } else {
        state_ = State::handshake;
        connection_.start_tls_server(context_.tls, {});
    }
    connection_.want(net::FdWatch::kRead);
    update_deadline();
}

bool Connection::is_idle() const {
    return state_ == State::open && session_->phase() == Session::Phase::idle && session_->out().empty();
}

void Connection::on_ready() {
    switch (state_) {
        case State::handshake: return step_handshake();
        case State::open: return round();
        case State::linger: return discard();
        case State::closed: return;
    }
}

void Connection::step_handshake() {
    const net::IoState result = connection_.handshake();
    if (result == net::IoState::again) return;
    if (result != net::IoState::ok) {
        if (context_.certificates != nullptr) {
            context_.session.refused(peer_.who, "TLS: " + connection_.tls_failure());
        }
        return close();
    }
    if (context_.certificates != nullptr) {
        peer_.caller = find_certificate(*context_.certificates, SSL_get0_peer_certificate(connection_.ssl()));
    }
    begin_session();
    round();
}

void Connection::begin_session() {
    state_ = State::open;
    session_ = std::make_unique<Session>(context_.session, peer_, [this] {
        if (state_ == State::open) round();
    });
}

void Connection::round() {
    flush();
    for (int i = 0; state_ == State::open && session_->wants_input() && !saw_eof_; ++i) {
        if (i == kReadsPerRoundMax) {
            again_.start(std::chrono::milliseconds(0));
            break;
        }
        if (!read_some()) break;
        flush();
    }
    if (state_ != State::open) return;
    const bool is_finished = session_->phase() == Session::Phase::closing ||
                             (saw_eof_ && session_->phase() != Session::Phase::answer);
    if (is_finished && session_->out().empty()) return begin_linger();
    update_interest();
    update_deadline();
}

bool Connection::read_some() {
    std::array<char, kReadBytes> block;
    const net::IoResult result = connection_.read(block.data(), block.size());
    if (result.state == net::IoState::again) return false;
    if (result.state == net::IoState::closed) {
        saw_eof_ = true;
        return false;
    }
    if (result.state != net::IoState::ok) {
        close();
        return false;
    }
    had_request_ = true;
    session_->feed({block.data(), result.bytes});
    return true;
}

void Connection::flush() {
    while (state_ == State::open && !session_->out().empty()) {
        const net::IoResult result = connection_.write(session_->out().view());
        if (result.state == net::IoState::again) return;
        if (result.state != net::IoState::ok) return close();
        bytes_out_ += result.bytes;
        session_->out().consume(result.bytes);
        if (session_->out().empty()) session_->on_drained();
    }
}

void Connection::update_interest() {
    const bool reads = !saw_eof_ && session_->wants_input();
    connection_.want((reads ? net::FdWatch::kRead : 0) | (session_->out().empty() ? 0 : net::FdWatch::kWrite));
}

// Closing with unread input would make the kernel send a reset, which can overtake the answer.
void Connection::begin_linger() {
    connection_.shutdown_write();
    if (saw_eof_) return close();
    state_ = State::linger;
    connection_.want(net::FdWatch::kRead);
    update_deadline();
    discard();
}

void Connection::discard() {
    std::array<char, kReadBytes> block;
    for (int i = 0; i < kReadsPerRoundMax; ++i) {
        const net::IoResult result = connection_.read(block.data(), block.size());
        if (result.state == net::IoState::again) return;
        discarded_ += result.bytes;
        if (result.state != net::IoState::ok || discarded_ > kLingerBytesMax) return close();
    }
    again_.start(std::chrono::milliseconds(0));
}

void Connection::close() {
    if (std::exchange(state_, State::closed) == State::closed) return;
    connection_.want(net::FdWatch::kNone);
    deadline_.stop();
    again_.stop();
    on_closed_(*this);
}

Connection::Waiting Connection::waiting_for() const {
    if (state_ == State::handshake) return Waiting::handshake;
    if (state_ == State::linger) return Waiting::linger;
    if (state_ == State::closed) return Waiting::nothing;
    if (!session_->out().empty()) return Waiting::client_reads;
    switch (session_->phase()) {
        case Session::Phase::idle: return had_request_ ? Waiting::idle : Waiting::first_head;
        case Session::Phase::head: return had_request_ ? Waiting::head : Waiting::first_head;
        case Session::Phase::body: return Waiting::body;
        case Session::Phase::answer: return Waiting::answer;
        case Session::Phase::events: return Waiting::keep_alive;
        case Session::Phase::closing: break;
    }
    return Waiting::nothing;
}

std::chrono::milliseconds Connection::duration_of(Waiting waiting) const {
    const Deadlines& limits = context_.deadlines;
    switch (waiting) {
        case Waiting::handshake: return limits.handshake;
        case Waiting::first_head:
        case Waiting::head: return limits.head;
        case Waiting::body: return limits.body;
        case Waiting::idle: return limits.idle;
        case Waiting::answer: return limits.answer;
        case Waiting::client_reads: return limits.reading;
        case Waiting::keep_alive: return limits.keep_alive;
        case Waiting::linger: return limits.linger;
        case Waiting::nothing: break;
    }
    return std::chrono::milliseconds(0);
}

// Restarted only when something else is waited for: a drip of bytes does not extend a deadline.
void Connection::update_deadline() {
    const Waiting now = waiting_for();
    if (now == waiting_) return;
    waiting_ = now;
    bytes_out_at_check_ = bytes_out_;
    if (now == Waiting::nothing) return deadline_.stop();
    deadline_.start(duration_of(now));
}

void Connection::on_deadline() {
    const Waiting missed = std::exchange(waiting_, Waiting::nothing);
    switch (missed) {
        case Waiting::nothing: return;
        case Waiting::handshake:
        case Waiting::first_head:
        case Waiting::linger: return close();
        case Waiting::client_reads:
            if (bytes_out_ == bytes_out_at_check_) return connection_.reset_on_close(), close();
            return update_deadline();
        case Waiting::keep_alive: session_->keep_alive(); return round();
        case Waiting::head:
        case Waiting::body:
        case Waiting::idle:
        case Waiting::answer: session_->on_deadline(); return round();
    }
}

}  // namespace sallyport::admin
