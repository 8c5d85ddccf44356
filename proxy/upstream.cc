#include "proxy/upstream.h"

#include <openssl/x509v3.h>

#include "base/check.h"
#include "certs/client_identity.h"
#include "proxy/upstream_pool.h"
#include "rules/client_certificate.h"

namespace sallyport::proxy {
namespace {

constexpr unsigned char kAlpnHttp1[] = "\x08http/1.1";

template <class Integer>
void append_bytes(std::string& text, Integer value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

void UpstreamKey::append_to(std::string& text) const {
    text += http::to_string(scheme);
    text += "://";
    text += host;
    text += '|';
    append_bytes(text, port);
    append_bytes(text, is_address);
    append_bytes(text, is_literal_granted);
    append_bytes(text, is_rewritten);
    append_bytes(text, is_handler);
    append_bytes(text, credential_index);
    append_bytes(text, client_certificate);
    append_bytes(text, granted_networks);
    append_bytes(text, generation.value);
}

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
    connection_ = std::make_unique<net::Connection>(context_.loop, std::move(*fd), [this](int ready) { on_ready(ready); });
    if (key_.scheme == http::Scheme::https) return start_tls();
    if (key_.client_certificate == nullptr) return on_open();
    fail({ErrorCode::cleartext_credential, "a client certificate is shown over TLS only"});
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
    connection_ = std::make_unique<net::Connection>(context_.loop, std::move(made->fd), [this](int ready) { on_ready(ready); });
    on_open();
}

void Upstream::start_tls() {
    state_ = State::handshaking;
    connection_->start_tls_client(context_.client_tls);
    SSL* ssl = connection_->ssl();
    SSL_set_app_data(ssl, this);
    SSL_set_alpn_protos(ssl, kAlpnHttp1, sizeof kAlpnHttp1 - 1);
    if (key_.is_address) {
        SALLYPORT_CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), key_.host.c_str()) == 1);
    } else {
        SSL_set_tlsext_host_name(ssl, key_.host.c_str());
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        SALLYPORT_CHECK(SSL_set1_host(ssl, key_.host.c_str()) == 1);
    }
    if (auto offered = offer_certificate(ssl); !offered) return fail(offered.error());
    pool_.resume_session(*this, ssl);
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
    const net::IoState state = connection_->handshake();
    if (state == net::IoState::ok) {
        certs::forget_client_identity(connection_->ssl());
        timings_.tls_us = lap_us();
        return on_open();
    }
    if (state == net::IoState::again) {
        return connection_->want(connection_->wanted() | net::FdWatch::kRead);
    }
    const bool verified = SSL_get_verify_result(connection_->ssl()) == X509_V_OK;
    fail({verified ? ErrorCode::tls_handshake_origin : ErrorCode::tls_verify_failed, connection_->tls_failure()});
}

void Upstream::on_open() {
    state_ = State::open;
    connection_->want(net::FdWatch::kRead);
    if (key_.is_handler && user_ != nullptr) user_->on_upstream_open();
    if (state_ != State::open) return;
    flush();
    update_deadline();
}

void Upstream::attach(UpstreamUser& user, std::string_view request_method) {
    user_ = &user;
    ++requests_;
    paused_ = false;
    saw_response_bytes_ = false;
    parser_.await_response(request_method);
    update_deadline();
}

void Upstream::detach() { user_ = nullptr; }

void Upstream::start_idle() {
    lap_start_ = context_.loop.now();
    timings_ = {};
    out_.release_if_empty();
    connection_->want(net::FdWatch::kRead);
    update_deadline();
}

void Upstream::flush() {
    if (state_ != State::open) return;
    while (!out_.empty()) {
        const net::IoResult result = connection_->write(out_.view());
        if (result.state == net::IoState::again) return connection_->want(connection_->wanted() | net::FdWatch::kWrite);
        if (result.state != net::IoState::ok) {
            // What the origin said before it closed may explain it (an early 4xx): reading finds out, or fails too.
            // Not past what waits in pending_, though: that comes first.
            out_.wipe();
            return connection_->want(may_read() ? net::FdWatch::kRead : net::FdWatch::kNone);
        }
        out_.consume(result.bytes);
        // A long upload is no silence: the wait for an answer begins anew with what is sent.
        if (!saw_response_bytes_ || is_raw_) update_deadline();
    }
    if (wipe_after_write_) {
        out_.wipe();
        wipe_after_write_ = false;
    }
    if (finishing_ && !half_closed_) connection_->shutdown_write();
    half_closed_ = half_closed_ || finishing_;
    connection_->want(connection_->wanted() & ~net::FdWatch::kWrite);
    if (user_ != nullptr) user_->on_upstream_drained();
}

void Upstream::on_ready(int ready) {
    if (state_ == State::handshaking) return step_handshake();
    if (state_ != State::open) return;
    if ((ready & net::FdWatch::kWrite) != 0) flush();
    if ((ready & net::FdWatch::kRead) != 0 && state_ == State::open && may_read()) read_some();
}

void Upstream::read_some() {
    do {
        const net::IoResult result = connection_->read(context_.read_block, kReadBytes);
        if (result.state == net::IoState::again) break;
        if (result.state == net::IoState::closed) return on_eof();
        if (result.state == net::IoState::failed) {
            return fail({ErrorCode::origin_closed, "the connection broke: " + connection_->tls_failure()});
        }
        // Idle connections have nothing to say: whatever it is must not become the next request's answer.
        if (user_ == nullptr) return fail({ErrorCode::origin_bad_response, "bytes that no request asked for"});
        saw_response_bytes_ = true;
        take({context_.read_block, result.bytes});
    } while (state_ == State::open && user_ != nullptr && !paused_ && pending_.empty() && connection_->has_buffered_input());
    if (state_ != State::open || user_ == nullptr) return;
    update_deadline();
    user_->on_upstream_round_end();
}

void Upstream::finish_writing() {
    finishing_ = true;
    flush();
    update_deadline();
}

void Upstream::take_raw(std::string_view bytes) {
    if (bytes.empty() || user_->on_body(bytes) == http::Next::go || state_ != State::open) return;
    paused_ = true;
    connection_->want(connection_->wanted() & ~net::FdWatch::kRead);
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
    connection_->want(connection_->wanted() & ~net::FdWatch::kRead);
}

void Upstream::resume_reading() {
    if (!paused_ || state_ != State::open) return;
    paused_ = false;
    context_.loop.defer([this] {
        if (state_ == State::open && user_ != nullptr && !paused_) take_pending();
    });
}

void Upstream::take_pending() {
    Buffer bytes = std::move(pending_);
    pending_ = Buffer();
    take(bytes.view());
    if (state_ != State::open || user_ == nullptr) return;
    if (!paused_ && saw_eof_) return on_eof();
    if (!paused_) connection_->want(connection_->wanted() | net::FdWatch::kRead);
    if (!paused_ && connection_->has_buffered_input()) return read_some();
    user_->on_upstream_round_end();
}

void Upstream::on_eof() {
    saw_eof_ = true;
    connection_->want(connection_->wanted() & ~net::FdWatch::kRead);
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
        case State::dialling: return fail({ErrorCode::handler_unavailable, "not connected in time"});
        case State::handshaking: return fail({ErrorCode::connect_timeout, "the TLS handshake took too long"});
        case State::open:
            if (user_ == nullptr) return fail({ErrorCode::origin_closed, "idle for long enough"});
            // A slow client holds the origin back: then it is the client's deadline that counts.
            if (paused_) return update_deadline();
            if (is_raw_) return fail({ErrorCode::origin_timeout, "nothing moved for too long"});
            return fail({ErrorCode::origin_timeout, saw_response_bytes_ ? "the response stalled" : "no response"});
        default: return;
    }
}

void Upstream::update_deadline() {
    if (state_ != State::open) return;
    if (is_raw_) return deadline_.start(half_closed_ ? context_.deadlines.body_progress : context_.deadlines.websocket_idle);
    deadline_.start(user_ == nullptr         ? context_.deadlines.upstream_idle
                    : saw_response_bytes_ ? context_.deadlines.response_progress
                                          : context_.deadlines.response_head);
}

void Upstream::fail(Error error) {
    UpstreamUser* const user = user_;
    user_ = nullptr;
    pool_.discard(*this);
    if (user != nullptr) user->on_upstream_failed(std::move(error));
}

void Upstream::keep_session(SSL_SESSION* session) { pool_.keep_session(*this, session); }

void Upstream::close() {
    state_ = State::closed;
    user_ = nullptr;
    deadline_.stop();
    dialer_.reset();
    out_.wipe();
    if (connection_) connection_->want(net::FdWatch::kNone);
}

std::uint64_t Upstream::lap_us() {
    const auto now = net::Clock::now();
    const auto lap = std::chrono::duration_cast<std::chrono::microseconds>(now - lap_start_).count();
    lap_start_ = now;
    return static_cast<std::uint64_t>(lap);
}

}  // namespace sallyport::proxy
