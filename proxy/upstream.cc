#include "proxy/upstream.h"

#include <openssl/x509v3.h>

#include "base/check.h"
#include "certs/client_identity.h"
#include "proxy/http2_link.h"
#include "proxy/server_tls.h"
#include "proxy/upstream_pool.h"
#include "proxy/websocket.h"
#include "rules/client_certificate.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kOfferHttp1 = "\x08http/1.1";
constexpr std::string_view kOfferBoth = "\x02h2\x08http/1.1";

}  // namespace

Upstream::Upstream(WorkerContext& context, UpstreamPool& pool, UpstreamKey key,
                   std::shared_ptr<const rules::PolicySnapshot> snapshot)
    : context_(context),
      pool_(pool),
      key_(std::move(key)),
      snapshot_(std::move(snapshot)),
      parser_(*this, http::Http1Limits{}),
      lap_start_(net::Clock::now()),
      deadline_(context.loop, [this] { on_deadline(); }) {}

Upstream::~Upstream() {
    if (awaits_handler_) *awaits_handler_ = nullptr;
}

void Upstream::connect() {
    state_ = State::dialling;
    deadline_.stop();
    lap_start_ = net::Clock::now();
    if (key_.is_handler) return connect_to_handler();
    dialer_ = std::make_unique<OriginDialer>(context_, pool_.own_addresses(),
                                             OriginAddress{key_.host, key_.is_address, key_.port, key_.granted_networks,
                                                           key_.is_literal_granted},
                                             [this](Result<UniqueFd> fd) { on_dialled(std::move(fd)); });
}

void Upstream::on_dialled(Result<UniqueFd> fd) {
    const auto finished = std::move(dialer_);
    timings_.dns_us = finished->dns_us();
    timings_.connect_us = finished->connect_us();
    lap_start_ = net::Clock::now();
    if (!fd) return fail(fd.error());
    endpoint_ = peer_text(fd->get());
    WireUser& user = *this;
    wire_ = std::make_unique<Wire>(context_.loop, std::move(*fd), endpoint_, user);
    if (key_.scheme == http::Scheme::https) return start_tls();
    if (key_.client_certificate != nullptr) {
        return fail({ErrorCode::cleartext_credential, "a client certificate is shown over TLS only"});
    }
    if (key_.h2c && !key_.needs_http1) return pool_.on_http2(*this);
    on_open();
    if (state_ == State::open) pool_.on_http1(*this);
}

void Upstream::connect_to_handler() {
    deadline_.start(context_.deadlines.connect);
    awaits_handler_ = std::make_shared<Upstream*>(this);
    auto done = [waiting = awaits_handler_](Result<HandlerConnection> made) {
        if (*waiting != nullptr) (*waiting)->on_handler_connected(std::move(made));
    };
    if (context_.handlers != nullptr) {
        return context_.handlers->connect(pool_.sandbox(), snapshot_, context_.loop, std::move(done));
    }
    // Not now: the user has not finished asking.
    context_.loop.defer([done] { done(failure(ErrorCode::handler_unavailable, "handlers are not run here")); });
}

void Upstream::on_handler_connected(Result<HandlerConnection> made) {
    if (state_ != State::dialling) return;
    timings_.connect_us = lap_us();
    if (!made) return fail(made.error());
    handler_peer_ = {made->incarnation, std::move(made->fetch_path)};
    WireUser& user = *this;
    wire_ = std::make_unique<Wire>(context_.loop, std::move(made->fd), std::string(), user);
    on_open();
}

void Upstream::start_tls() {
    state_ = State::handshaking;
    net::Connection& connection = wire_->connection();
    connection.start_tls_client(context_.client_tls);
    SSL* ssl = connection.ssl();
    SSL_set_app_data(ssl, wire_.get());
    const std::string_view offer = key_.needs_http1 ? kOfferHttp1 : kOfferBoth;
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offer.data()), static_cast<unsigned>(offer.size()));
    if (key_.is_address) {
        SALLYPORT_CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), key_.host.c_str()) == 1);
    } else {
        SSL_set_tlsext_host_name(ssl, key_.host.c_str());
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        SALLYPORT_CHECK(SSL_set1_host(ssl, key_.host.c_str()) == 1);
    }
    if (auto offered = offer_certificate(ssl); !offered) return fail(offered.error());
    pool_.resume_session(key_, ssl);
    deadline_.start(context_.deadlines.tls_handshake);
    step_handshake();
}

Result<void> Upstream::offer_certificate(SSL* ssl) const {
    if (key_.client_certificate == nullptr) return {};
    const auto identity = certs::ClientIdentity::parse(key_.client_certificate->chain.reveal(),
                                                       key_.client_certificate->key.reveal());
    return identity ? identity->offer(ssl) : failure(identity.error());
}

void Upstream::step_handshake() {
    net::Connection& connection = wire_->connection();
    const net::IoState state = connection.handshake();
    if (state == net::IoState::again) return connection.want(connection.wanted() | net::FdWatch::kRead);
    if (state != net::IoState::ok) {
        const bool verified = SSL_get_verify_result(connection.ssl()) == X509_V_OK;
        return fail({verified ? ErrorCode::tls_handshake_origin : ErrorCode::tls_verify_failed, connection.tls_failure()});
    }
    certs::forget_client_identity(connection.ssl());
    timings_.tls_us = lap_us();
    deadline_.stop();
    const Spoken spoken = agreed_on(connection.ssl());
    if (!key_.needs_http1) pool_.protocols().learn(key_.scheme, key_.host, key_.is_address, key_.port, spoken);
    if (spoken == Spoken::http2) return pool_.on_http2(*this);
    on_open();
    if (state_ == State::open) pool_.on_http1(*this);
}

void Upstream::on_open() {
    state_ = State::open;
    wire_->connection().want(net::FdWatch::kRead);
    if (key_.is_handler && user_ != nullptr) user_->on_upstream_open();
    if (state_ != State::open) return;
    held_.pass_on(http1_);
    held_.drop();
    flush();
    update_deadline();
}

void Upstream::use_link(Http2Link& link) {
    state_ = State::linked;
    link_ = &link;
    endpoint_ = link.endpoint();
    if (!held_.has_head()) return;
    begin_on_link();
    if (user_ != nullptr && waiting_bytes() <= kLowWatermarkBytes) user_->on_upstream_drained();
}

void Upstream::wait_for_link() {
    state_ = State::waiting;
    update_deadline();
}

void Upstream::begin_on_link() {
    const http::RequestHead& head = held_.head();
    was_idle_ = link_->was_used();
    if (head.upgrade) websocket_key_ = head.headers.get("Sec-WebSocket-Key").value_or("");
    if (wipe_after_write_ || head.holds_secrets) link_->wipe_after_write();
    stream_ = link_->open(*this);
    held_.pass_on(link_->request(stream_));
    written_bytes_ = held_.body_bytes();
    sent_at_check_ = 0;
    if (held_.body_bytes() > kResentBodyBytesMax) held_.drop();
    link_->flush_soon();
    update_deadline();
}

void Upstream::attach(UpstreamUser& user, std::string_view request_method) {
    user_ = &user;
    ++requests_;
    paused_ = false;
    saw_response_bytes_ = request_ended_ = response_ended_ = false;
    parser_.await_response(request_method);
    update_deadline();
}

void Upstream::detach() { user_ = nullptr; }

void Upstream::start_idle() {
    is_fresh_ = false;
    lap_start_ = context_.loop.now();
    timings_ = {};
    out_.release_if_empty();
    wire_->connection().want(net::FdWatch::kRead);
    update_deadline();
}

// Before there is a connection too, where it can be no other: nothing has to be held then.
bool Upstream::writes_http1() const {
    if (state_ == State::open) return true;
    const bool may_be_http2 = key_.scheme == http::Scheme::https || key_.h2c;
    const bool is_sure = key_.is_handler || key_.needs_http1 || !may_be_http2;
    return has_connection() && is_sure && !held_.has_head();
}

void Upstream::write_head(const http::RequestHead& head) {
    if (writes_http1()) return http1_.write_head(head);
    held_.write_head(head);
    if (state_ == State::linked) begin_on_link();
}

void Upstream::write_body(std::string_view bytes) {
    if (writes_http1()) return http1_.write_body(bytes);
    held_.write_body(bytes);
    if (state_ != State::linked || stream_ == 0) return;
    link_->request(stream_).write_body(bytes);
    written_bytes_ += bytes.size();
    if (held_.body_bytes() > kResentBodyBytesMax) held_.drop();
}

void Upstream::write_end(const http::HeaderMap& trailers) {
    // What has been asked for has no end of its own: after the switch, bytes follow.
    if (!websocket_key_.empty() && !is_raw_) return;
    request_ended_ = true;
    if (writes_http1()) return http1_.write_end(trailers);
    held_.write_end(trailers);
    if (state_ == State::linked && stream_ != 0) link_->request(stream_).write_end(trailers);
}

std::size_t Upstream::waiting_bytes() const {
    if (state_ != State::linked) return out_.size() + held_.size();
    return stream_ != 0 ? link_->waiting_bytes(stream_) : 0;
}

void Upstream::wipe_after_write() {
    wipe_after_write_ = true;
    held_.mark_secret();
    if (link_ != nullptr) link_->wipe_after_write();
}

bool Upstream::is_clean() const {
    if (state_ == State::linked) return request_ended_ && response_ended_;
    return state_ == State::open && pending_.empty() && out_.empty() && !saw_eof_;
}

void Upstream::flush() {
    if (state_ == State::linked && link_ != nullptr) link_->flush_soon();
    if (state_ != State::open) return;
    net::Connection& connection = wire_->connection();
    while (!out_.empty()) {
        const net::IoResult result = connection.write(out_.view());
        if (result.state == net::IoState::again) return connection.want(connection.wanted() | net::FdWatch::kWrite);
        if (result.state != net::IoState::ok) {
            // What the origin said before it closed may explain it (an early 4xx): reading finds out, or fails too.
            // Not past what waits in pending_, though: that comes first.
            out_.wipe();
            return connection.want(may_read() ? net::FdWatch::kRead : net::FdWatch::kNone);
        }
        out_.consume(result.bytes);
        // A long upload is no silence: the wait for an answer begins anew with what is sent.
        if (!saw_response_bytes_ || is_raw_) update_deadline();
    }
    if (wipe_after_write_) {
        out_.wipe();
        wipe_after_write_ = false;
    }
    if (finishing_ && !half_closed_) connection.shutdown_write();
    half_closed_ = half_closed_ || finishing_;
    connection.want(connection.wanted() & ~net::FdWatch::kWrite);
    if (user_ != nullptr) user_->on_upstream_drained();
}

void Upstream::on_wire_ready(int ready) {
    if (state_ == State::handshaking) return step_handshake();
    if (state_ != State::open) return;
    if ((ready & net::FdWatch::kWrite) != 0) flush();
    if ((ready & net::FdWatch::kRead) != 0 && state_ == State::open && may_read()) read_some();
}

http::Next Upstream::on_response_head(http::ResponseHead& head) {
    if (user_ == nullptr) return http::Next::pause;
    if (state_ != State::linked) return user_->on_response_head(head);
    saw_response_bytes_ = true;
    held_.drop();
    accept_websocket(head);
    const http::Next next = user_->on_response_head(head);
    // There is no parser to get out of.
    if (is_raw_) return http::Next::go;
    paused_ = next == http::Next::pause;
    return next;
}

// As HTTP/1.1 has it: 101, and the key's answer (RFC 8441 section 5 has 200, and no key).
void Upstream::accept_websocket(http::ResponseHead& head) const {
    if (websocket_key_.empty() || head.status < 200 || head.status > 299) return;
    head.status = 101;
    head.reason = "Switching Protocols";
    head.body = {};
    add_upgrade_fields(head.headers);
    head.headers.set("Sec-WebSocket-Accept", websocket_accept(websocket_key_));
}

http::Next Upstream::on_body(std::string_view bytes) {
    if (user_ == nullptr) return http::Next::pause;
    const http::Next next = user_->on_body(bytes);
    if (state_ == State::linked) paused_ = next == http::Next::pause;
    return next;
}

http::Next Upstream::on_message_end(http::HeaderMap& trailers) {
    response_ended_ = true;
    half_closed_ = half_closed_ || is_raw_;
    return user_ != nullptr ? user_->on_message_end(trailers) : http::Next::pause;
}

void Upstream::on_link_round_end() {
    update_deadline();
    if (user_ != nullptr) user_->on_upstream_round_end();
}

void Upstream::on_link_drained() {
    update_deadline();
    if (user_ != nullptr) user_->on_upstream_drained();
}

void Upstream::on_link_ended(const Ending& ending) {
    link_ = nullptr;
    stream_ = 0;
    update_deadline();
    if (ending.error == nullptr) return;
    const Error error = *ending.error;
    // Whoever has reset a stream has seen its request.
    if (error.code != ErrorCode::origin_closed) is_fresh_ = true;
    if ((!ending.unprocessed && !ending.needs_http1) || !may_send_again()) return fail(error);
    ++resends_;
    // Another link may not take it.
    key_.needs_http1 = key_.needs_http1 || ending.needs_http1 || held_.head().upgrade;
    state_ = State::waiting;
    if (auto placed = pool_.place(*this); !placed) fail(placed.error());
}

// RFC 9113 section 8.7: whatever the method, where the origin says that it has done nothing.
bool Upstream::may_send_again() const {
    return user_ != nullptr && held_.is_whole() && !saw_response_bytes_ && resends_ < kResendsMax &&
           pool_.is_of_use(key_.generation);
}

void Upstream::read_some() {
    do {
        const net::IoResult result = wire_->connection().read(context_.read_block, kReadBytes);
        if (result.state == net::IoState::again) break;
        if (result.state == net::IoState::closed) return on_eof();
        if (result.state == net::IoState::failed) {
            return fail({ErrorCode::origin_closed, "the connection broke: " + wire_->connection().tls_failure()});
        }
        // Idle connections have nothing to say: whatever it is must not become the next request's answer.
        if (user_ == nullptr) return fail({ErrorCode::origin_bad_response, "bytes that no request asked for"});
        saw_response_bytes_ = true;
        take({context_.read_block, result.bytes});
    } while (state_ == State::open && user_ != nullptr && !paused_ && pending_.empty() && wire_->connection().has_buffered_input());
    if (state_ != State::open || user_ == nullptr) return;
    update_deadline();
    user_->on_upstream_round_end();
}

void Upstream::finish_writing() {
    if (state_ == State::linked) {
        half_closed_ = true;
        write_end({});
    }
    finishing_ = true;
    flush();
    update_deadline();
}

void Upstream::take_raw(std::string_view bytes) {
    if (bytes.empty() || user_->on_body(bytes) == http::Next::go || state_ != State::open) return;
    paused_ = true;
    wire_->connection().want(wire_->connection().wanted() & ~net::FdWatch::kRead);
}

void Upstream::take(std::string_view bytes) {
    if (is_raw_) return take_raw(bytes);
    const auto taken = parser_.feed(bytes);
    if (!taken) return fail(taken.error());
    // A parser that is paused at a head keeps that head's last byte for its next call, which does not come.
    if (is_raw_ && user_ != nullptr) return take_raw(bytes.substr(*taken + 1));
    if (*taken == bytes.size()) return;
    pending_.append(bytes.substr(*taken));
    paused_ = true;
    wire_->connection().want(wire_->connection().wanted() & ~net::FdWatch::kRead);
}

void Upstream::resume_reading() {
    if (!paused_ || (state_ != State::open && state_ != State::linked)) return;
    paused_ = false;
    context_.loop.defer([this] {
        if (user_ == nullptr || paused_) return;
        if (state_ == State::open) return take_pending();
        if (stream_ != 0) link_->resume(stream_);
    });
}

void Upstream::take_pending() {
    Buffer bytes = std::move(pending_);
    pending_ = Buffer();
    take(bytes.view());
    if (state_ != State::open || user_ == nullptr) return;
    if (!paused_ && saw_eof_) return on_eof();
    if (!paused_) wire_->connection().want(wire_->connection().wanted() | net::FdWatch::kRead);
    if (!paused_ && wire_->connection().has_buffered_input()) return read_some();
    user_->on_upstream_round_end();
}

void Upstream::on_eof() {
    saw_eof_ = true;
    wire_->connection().want(wire_->connection().wanted() & ~net::FdWatch::kRead);
    if (user_ == nullptr) return fail({ErrorCode::origin_closed, "closed while idle"});
    if (paused_) return;
    if (is_raw_) {
        half_closed_ = true;
        http::HeaderMap none;
        user_->on_message_end(none);
        update_deadline();
        return user_->on_upstream_round_end();
    }
    const auto finished = parser_.finish();
    if (!finished) return fail(finished.error());
    user_->on_upstream_round_end();
}

void Upstream::on_deadline() {
    switch (state_) {
        case State::waiting: return fail({ErrorCode::connect_timeout, "no connection has become free"});
        case State::dialling: return fail({ErrorCode::handler_unavailable, "not connected in time"});
        case State::handshaking: return fail({ErrorCode::connect_timeout, "the TLS handshake took too long"});
        case State::open:
            if (user_ == nullptr) return fail({ErrorCode::origin_closed, "idle for long enough"});
            break;
        case State::linked:
            if (has_written_more()) return update_deadline();
            break;
        case State::closed: return;
    }
    // A slow client holds the origin back: then it is the client's deadline that counts.
    if (paused_) return update_deadline();
    if (is_raw_) return fail({ErrorCode::origin_timeout, "nothing moved for too long"});
    fail({ErrorCode::origin_timeout, saw_response_bytes_ ? "the response stalled" : "no response"});
}

// A long upload is no silence.
bool Upstream::has_written_more() {
    if (stream_ == 0) return false;
    const std::uint64_t sent = written_bytes_ - link_->waiting_bytes(stream_);
    return std::exchange(sent_at_check_, sent) < sent;
}

void Upstream::update_deadline() {
    const Deadlines& deadlines = context_.deadlines;
    if (state_ == State::waiting) return deadline_.start(deadlines.response_head);
    // After a switch the client's side has still to end.
    if (state_ == State::linked && stream_ == 0) return is_raw_ ? deadline_.start(deadlines.body_progress) : deadline_.stop();
    if (state_ != State::open && state_ != State::linked) return;
    if (is_raw_) return deadline_.start(half_closed_ ? deadlines.body_progress : deadlines.websocket_idle);
    deadline_.start(user_ == nullptr      ? deadlines.upstream_idle
                    : saw_response_bytes_ ? deadlines.response_progress
                                          : deadlines.response_head);
}

void Upstream::fail(Error error) {
    UpstreamUser* const user = user_;
    user_ = nullptr;
    // Where one stream is not answered, others may not be either: new ones go elsewhere.
    if (error.code == ErrorCode::origin_timeout && link_ != nullptr) link_->retire();
    pool_.on_failed(*this, error);
    if (user != nullptr) user->on_upstream_failed(std::move(error));
}

void Upstream::keep_session(SSL_SESSION* session) { pool_.keep_session(key_, session); }

void Upstream::close() {
    const State was = std::exchange(state_, State::closed);
    user_ = nullptr;
    deadline_.stop();
    dialer_.reset();
    out_.wipe();
    held_.drop();
    if (wire_) wire_->connection().want(net::FdWatch::kNone);
    if (was != State::linked || stream_ == 0) return;
    if (request_ended_ && response_ended_ && link_->waiting_bytes(stream_) == 0) {
        link_->let_go(stream_);
    } else {
        link_->reset(stream_);
    }
    link_ = nullptr;
    stream_ = 0;
}

std::uint64_t Upstream::lap_us() {
    const auto now = net::Clock::now();
    const auto lap = std::chrono::duration_cast<std::chrono::microseconds>(now - lap_start_).count();
    lap_start_ = now;
    return static_cast<std::uint64_t>(lap);
}

}  // namespace sallyport::proxy
