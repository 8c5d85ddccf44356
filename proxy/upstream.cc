#include "proxy/upstream.h"

#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"
#include "proxy/upstream_pool.h"

namespace sallyport::proxy {
namespace {

constexpr unsigned char kAlpnHttp1[] = "\x08http/1.1";

std::string peer_text(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    const auto endpoint = net::from_sockaddr(storage);
    return endpoint ? net::to_string(*endpoint) : std::string();
}

bool is_granted(const net::Address& address, const std::vector<std::string>& networks) {
    return std::any_of(networks.begin(), networks.end(), [&](const std::string& text) {
        const auto network = net::parse_network(text);
        return network && net::contains(*network, address);
    });
}

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
    append_bytes(text, credential_index);
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

Upstream::~Upstream() = default;

void Upstream::connect() {
    if (key_.is_address) {
        const auto address = net::parse_address(key_.host);
        SALLYPORT_CHECK(address.has_value());
        return on_resolved(std::vector<net::Address>{*address});
    }
    query_ = context_.resolver.resolve(key_.host, [this](net::Resolver::Answer answer) { on_resolved(std::move(answer)); });
}

void Upstream::on_resolved(net::Resolver::Answer answer) {
    timings_.dns_us = lap_us();
    auto checked = answer.and_then([&](const std::vector<net::Address>& addresses) -> net::Resolver::Answer {
        if (auto allowed = check_addresses(addresses); !allowed) return failure(allowed.error());
        return addresses;
    });
    // A failure now would reach the stream before it has finished asking.
    if (!checked) {
        return context_.loop.defer([this, error = checked.error()] {
            if (state_ != State::closed) fail(error);
        });
    }
    dial(std::move(*checked));
}

// Every answer is checked, and only checked addresses are dialled: a second look-up has no say (DNS rebinding).
Result<void> Upstream::check_addresses(const std::vector<net::Address>& addresses) const {
    const bool has_grant = key_.granted_networks != nullptr && !key_.granted_networks->empty();
    for (const net::Address& address : addresses) {
        // An address literal is only ever allowed by a rule that names it.
        if (key_.is_address) continue;
        const bool allowed = has_grant ? is_granted(net::fold(address), *key_.granted_networks)
                                       : !net::is_private(address) && !pool_.is_own_address(address);
        if (!allowed) return failure(ErrorCode::private_address, key_.host + " resolves to " + net::to_string(address));
    }
    return {};
}

void Upstream::dial(std::vector<net::Address> addresses) {
    state_ = State::connecting;
    dialer_ = std::make_unique<net::Dialer>(context_.loop, std::move(addresses), key_.port, context_.deadlines.connect,
                                            [this](Result<UniqueFd> fd) { on_dialled(std::move(fd)); });
}

void Upstream::on_dialled(Result<UniqueFd> fd) {
    // The dialer is calling: it must outlive this call.
    context_.loop.defer([finished = std::shared_ptr<net::Dialer>(std::move(dialer_))] {});
    timings_.connect_us = lap_us();
    if (!fd) return fail(fd.error());
    endpoint_ = peer_text(fd->get());
    connection_ = std::make_unique<net::Connection>(context_.loop, std::move(*fd), [this](int ready) { on_ready(ready); });
    if (key_.scheme == http::Scheme::http) return on_open();
    start_tls();
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
    pool_.resume_session(*this, ssl);
    deadline_.start(context_.deadlines.tls_handshake);
    step_handshake();
}

void Upstream::step_handshake() {
    const net::IoState state = connection_->handshake();
    if (state == net::IoState::ok) {
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
        if (!saw_response_bytes_) update_deadline();
    }
    if (wipe_after_write_) {
        out_.wipe();
        wipe_after_write_ = false;
    }
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

void Upstream::take(std::string_view bytes) {
    const auto taken = parser_.feed(bytes);
    if (!taken) return fail(taken.error());
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
    const auto finished = parser_.finish();
    if (!finished) return fail(finished.error());
    user_->on_upstream_round_end();
}

void Upstream::on_deadline() {
    switch (state_) {
        case State::handshaking: return fail({ErrorCode::connect_timeout, "the TLS handshake took too long"});
        case State::open:
            if (user_ == nullptr) return fail({ErrorCode::origin_closed, "idle for long enough"});
            // A slow client holds the origin back: then it is the client's deadline that counts.
            if (paused_) return update_deadline();
            return fail({ErrorCode::origin_timeout, saw_response_bytes_ ? "the response stalled" : "no response"});
        default: return;
    }
}

void Upstream::update_deadline() {
    if (state_ != State::open) return;
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
    query_.reset();
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
