// How a connection begins, up to its first request: what it speaks, whom it is for, whether that is refused, passed through
// or intercepted.
#include "base/check.h"
#include "proxy/connection_record.h"
#include "proxy/downstream.h"
#include "proxy/egress.h"
#include "proxy/route_key.h"
#include "proxy/server_tls.h"

namespace sallyport::proxy {

void Downstream::read_greeting() {
    const net::IoResult result = connection_.read(context_.read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    if (result.state != net::IoState::ok) return close();
    take_greeting({context_.read_block, result.bytes});
}

void Downstream::take_greeting(std::string_view bytes) {
    if (greeting_.empty()) head_started_ = context_.loop.now();
    greeting_.append(bytes);
    protocol_ = sniff(greeting_.view());
    switch (protocol_) {
        case Protocol::need_more:
            if (greeting_.size() > kSniffBytesMax) abort();
            return;
        case Protocol::tls: return read_client_hello();
        case Protocol::http1:
        case Protocol::http2: return begin_cleartext();
        case Protocol::unknown: log_refusal({ErrorCode::not_intercepted, "neither TLS nor HTTP"}); return abort();
    }
}

void Downstream::begin_cleartext() {
    target_.scheme = http::Scheme::http;
    if (auto set = egress_.name_target(destination_, target_); !set) {
        log_refusal(set.error());
        return abort();
    }
    if (protocol_ == Protocol::http2 && !may_speak_http2()) {
        log_refusal({ErrorCode::not_intercepted, "cleartext HTTP/2 where no rule says h2c"});
        return abort();
    }
    state_ = State::open;
    if (protocol_ == Protocol::http2) begin_http2();
    Buffer first = std::move(greeting_);
    bytes_in_ += first.size();
    context_.counters.bytes_from_sandboxes += first.size();
    feed(first.view());
    end_round();
}

// Prior knowledge (RFC 9113 section 3.3). Where only the requests can tell the host, each is judged by its own rule.
bool Downstream::may_speak_http2() const {
    return egress_.snapshot()->may_speak_h2c(target_.host, target_.is_address, target_.port);
}

void Downstream::read_client_hello() {
    target_.scheme = http::Scheme::https;
    const auto reading = hello_.read(greeting_.view());
    if (!reading) return refuse_tls(reading.error(), SSL_AD_DECODE_ERROR);
    if (reading->state == net::HelloState::need_more) return;
    hello_ = net::ClientHelloReader();
    if (reading->state == net::HelloState::not_tls) {
        log_refusal({ErrorCode::tls_client_hello, "not a ClientHello"});
        return abort();
    }
    auto named = egress_.name_target(destination_, target_);
    if (named) named = apply_server_name(reading->hello, target_);
    if (!named) return refuse_tls(named.error(), SSL_AD_UNRECOGNIZED_NAME);
    // The policy is asked before anything is minted; a refusal in words costs a certificate too, so it has a budget.
    const auto reach = egress_.snapshot()->reach(target_.scheme, target_.host, target_.is_address, target_.port);
    if (reach == rules::Reach::passthrough) return pass_through(reading->hello);
    if (reach == rules::Reach::denied && !egress_.may_explain_refusal(target_.host)) {
        return refuse_tls({ErrorCode::denied, "too many refused names"}, SSL_AD_ACCESS_DENIED);
    }
    if (reach == rules::Reach::intercept && depends_on_origin(reading->hello.alpn)) return ask_origin(reading->hello.alpn);
    begin_tls(choose_spoken(reading->hello.alpn, std::nullopt));
}

// A client that takes either version is told what the origin speaks; the first time, the origin has to be asked.
void Downstream::ask_origin(const std::vector<std::string>& offered) {
    const auto& snapshot = egress_.snapshot();
    const auto route = snapshot->route(target_.scheme, target_.host, target_.is_address, target_.port);
    if (route.verdict == rules::Verdict::deny) return begin_tls(choose_spoken(offered, std::nullopt));
    const UpstreamKey key = key_of_route(target_, *snapshot, route);
    if (const auto known = egress_.pool().known_protocol(key)) return begin_tls(choose_spoken(offered, known));
    if (!egress_.may_ask_origin()) return begin_tls(choose_spoken(offered, std::nullopt));
    asked_origin_ = true;
    state_ = State::asking;
    connection_.want(net::FdWatch::kNone);
    update_deadline();
    question_ = egress_.pool().learn(key, snapshot, [this, offered](std::optional<Spoken> spoken) {
        connection_.want(net::FdWatch::kRead);
        begin_tls(choose_spoken(offered, spoken));
    });
}

void Downstream::pass_through(const net::ClientHello& hello) {
    const auto named = check_passthrough(hello, target_);
    if (!named) return refuse_tls(named.error(), SSL_AD_UNRECOGNIZED_NAME);
    const auto kind = rules::TunnelKind::passthrough;
    const auto decision = egress_.snapshot()->decide_tunnel(kind, target_.host, target_.is_address, target_.port);
    if (decision.verdict == rules::Verdict::deny) {
        return refuse_tls({decision.error, "as TLS passthrough"}, SSL_AD_ACCESS_DENIED);
    }
    egress_.open_tunnel(kind, decision, connection_.take_fd(), target_, greeting_.view());
    close();
}

void Downstream::begin_tls(Spoken spoken) {
    if (!egress_.leaves().contains(target_.host)) ++context_.counters.leaves_minted;
    const auto leaf = egress_.leaves().get(target_.host, target_.is_address, std::chrono::system_clock::now());
    if (!leaf) return refuse_tls(leaf.error(), SSL_AD_ACCESS_DENIED);
    state_ = State::handshaking;
    connection_.start_tls_server(context_.server_tls, greeting_.view());
    greeting_ = Buffer();
    SSL* ssl = connection_.ssl();
    SALLYPORT_CHECK(SSL_use_certificate(ssl, *leaf) == 1);
    SALLYPORT_CHECK(SSL_use_PrivateKey(ssl, egress_.leaf_key()) == 1);
    set_spoken(ssl, spoken);
    egress_.bind_sessions(ssl, target_.host);
    update_deadline();
    step_handshake();
}

void Downstream::refuse_tls(Error error, int alert) {
    log_refusal(error);
    (void)connection_.write(fatal_alert(alert));
    connection_.shutdown_write();
    linger();
}

void Downstream::step_handshake() {
    const net::IoState state = connection_.handshake();
    if (state == net::IoState::ok) return on_open();
    if (state == net::IoState::again) return;
    log_refusal({ErrorCode::tls_handshake_client, connection_.tls_failure()});
    close();
}

void Downstream::on_open() {
    state_ = State::open;
    if (agreed_on(connection_.ssl()) == Spoken::http2) begin_http2();
    connection_.want(net::FdWatch::kRead);
    update_deadline();
    if (connection_.has_buffered_input()) read_requests();
}

// The client waits for the other side to speak first (SSH and databases do), or does not speak at all.
void Downstream::give_up_greeting() {
    if (!may_be_allowed_) {
        log_refusal({ErrorCode::denied, "nothing is allowed there, and the client says nothing"});
    } else if (!greeting_.empty()) {
        log_refusal({ErrorCode::request_timeout, "the greeting"});
    }
    abort();
}

void Downstream::log_refusal(const Error& error, int status) {
    asked_origin_ = false;
    const auto snapshot = egress_.snapshot();
    AccessRecord record = connection_record(egress_.id(), *snapshot, context_.next_request_id());
    ConnectionTarget meant = target_;
    if (meant.host.empty()) (void)egress_.name_target(destination_, meant);
    const std::string literal = net::to_string(destination_.address);
    record.scheme = protocol_ == Protocol::tls ? "https" : protocol_ == Protocol::http1 || protocol_ == Protocol::http2 ? "http" : "tcp";
    record.host = meant.host.empty() ? std::string_view(literal) : std::string_view(meant.host);
    record.port = destination_.port;
    record.status = status;
    record.error = &error;
    // It is refused, recorded or not.
    (void)audit_connection(context_.audit, record, {});
    context_.access_log.add(record);
}

}  // namespace sallyport::proxy
