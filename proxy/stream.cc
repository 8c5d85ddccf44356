#include "proxy/stream.h"

#include <algorithm>
#include <utility>

#include "http/http1_writer.h"
#include "proxy/downstream.h"
#include "proxy/egress.h"
#include "proxy/local_reply.h"
#include "proxy/upstream_pool.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Asking for h2c is an offer that a server may pass over (RFC 9110 section 7.8); any other protocol would be a tunnel.
bool is_refusable_upgrade(const http::RequestHead& head) {
    if (!head.upgrade) return false;
    const auto wanted = head.headers.get("Upgrade");
    return !wanted || !http::equals_ignoring_case(*wanted, "h2c");
}

// RFC 9110 section 9.2.2: sending these twice is no more than sending them once.
bool is_idempotent(std::string_view method) {
    constexpr std::string_view kIdempotent[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    return std::find(std::begin(kIdempotent), std::end(kIdempotent), method) != std::end(kIdempotent);
}

std::uint64_t micros(net::Clock::time_point from, net::Clock::time_point to) {
    if (to <= from) return 0;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

std::string target_to_send(const http::CanonicalTarget& target, bool path_decided) {
    std::string text = path_decided ? target.path : target.raw_path;
    if (target.has_query) text.append("?").append(target.query);
    return text;
}

bool has_same_rights(const rules::Decision& a, const rules::Decision& b) {
    static const std::vector<std::string> kNone;
    const auto networks = [](const rules::Decision& each) -> const std::vector<std::string>& {
        return each.granted_networks != nullptr ? *each.granted_networks : kNone;
    };
    return a.credential == b.credential && networks(a) == networks(b);
}

void set_host(http::HeaderMap& headers, const std::string& host) {
    if (headers.get("Host") != host) headers.set("Host", host);
}

}  // namespace

Stream::Stream(WorkerContext& context, Egress& egress, Downstream& downstream)
    : context_(context), egress_(egress), downstream_(downstream) {}

Stream::~Stream() { drop_upstream(); }

void Stream::begin(net::Clock::time_point started) {
    phase_ = Phase::forwarding;
    id_ = context_.next_request_id();
    snapshot_ = egress_.snapshot();
    is_canonical_ = false;
    decision_ = {};
    upstream_endpoint_.clear();
    upstream_reused_ = false;
    upstream_timings_ = {};
    request_done_ = request_paused_ = false;
    response_body_ = http::BodyKind::none;
    response_started_ = response_done_ = origin_keeps_alive_ = response_paused_ = false;
    response_error_.reset();
    error_.reset();
    logged_ = false;
    status_ = 0;
    request_bytes_ = response_bytes_ = 0;
    started_ = started;
    head_done_ = sent_ = first_byte_ = net::Clock::now();
}

http::Next Stream::on_request_head(http::RequestHead& head, net::Clock::time_point started) {
    begin(started);
    std::swap(head_, head);
    keep_alive_ = head_.keep_alive;
    auto outcome = judge();
    if (outcome) outcome = open_upstream(false);
    if (outcome) outcome = send_head();
    if (!outcome) fail(outcome.error());
    return http::Next::go;
}

// Everything that decides whether the request may go on, on its canonical form.
Result<void> Stream::judge() {
    const std::string& known_host = downstream_.target().host;
    if (head_.version_minor == 0 && !known_host.empty() && !head_.headers.has("Host")) {
        // HTTP/1.0 knows no Host, but the connection has a name.
        head_.headers.add("Host", http::to_string(downstream_.target().authority(), downstream_.target().scheme));
    }
    auto canonical = http::validate_request(head_, downstream_.target().scheme);
    if (!canonical) return failure(canonical.error());
    canonical_ = std::move(*canonical);
    is_canonical_ = true;
    if (auto same = check_authority(); !same) return same;
    if (is_refusable_upgrade(head_)) return failure(ErrorCode::upgrade_refused);
    // Before the decision: what Connection takes away must not have helped to match a rule.
    if (auto removed = http::remove_hop_by_hop(head_); !removed) return removed;
    decision_ = snapshot_->decide(canonical_, head_.headers);
    if (decision_.verdict == rules::Verdict::deny) return failure(decision_.error);
    const bool cleartext = canonical_.scheme == http::Scheme::http;
    if (cleartext && decision_.credential_index >= 0 && !decision_.allow_cleartext_credential) {
        return failure(ErrorCode::cleartext_credential);
    }
    prepare_head();
    return {};
}

// One name: what the address stood for = SNI = Host, port included.
Result<void> Stream::check_authority() const {
    const ConnectionTarget& opened = downstream_.target();
    const http::Authority& asked = canonical_.authority;
    if (asked.port != opened.port) return failure(ErrorCode::misdirected, "the port differs from the connection's");
    if (!opened.host.empty()) {
        if (asked.host == opened.host && asked.is_address == opened.is_address) return {};
        return failure(ErrorCode::misdirected, "the connection is for " + opened.host);
    }
    if (asked.is_address && asked.host != opened.address_literal) {
        return failure(ErrorCode::misdirected, "the connection is for " + opened.address_literal);
    }
    return {};
}

void Stream::prepare_head() {
    head_.headers.remove("Expect");
    set_host(head_.headers, http::to_string(canonical_.authority, canonical_.scheme));
    head_.target = target_to_send(canonical_.target, decision_.path_decided);
}

Result<void> Stream::open_upstream(bool retry) {
    UpstreamKey key;
    key.scheme = canonical_.scheme;
    key.host = canonical_.authority.host;
    key.is_address = canonical_.authority.is_address;
    key.port = canonical_.authority.port;
    key.credential_index = decision_.credential_index;
    key.granted_networks = decision_.granted_networks;
    key.generation = snapshot_->generation();
    const auto freshness = retry ? UpstreamPool::Freshness::fresh : UpstreamPool::Freshness::any;
    auto upstream = egress_.pool().acquire(key, snapshot_, freshness);
    if (!upstream) return failure(upstream.error());
    upstream_ = *upstream;
    upstream_->attach(*this, canonical_.method);
    return {};
}

Result<void> Stream::send_head() {
    if (decision_.credential_index < 0) {
        http::write_request_head(upstream_->out(), head_);
    } else {
        credentialed_ = head_;
        const auto applied = snapshot_->apply_credential(decision_, credentialed_);
        if (applied) http::write_request_head(upstream_->out(), credentialed_);
        upstream_->wipe_after_write();
        credentialed_.headers.wipe();
        if (!applied) return applied;
    }
    sent_ = context_.loop.now();
    // The decision is made: the body is wanted, whatever the origin would have said to the question.
    if (head_.expect_continue) downstream_.out().append(kContinue);
    return {};
}

http::Next Stream::on_request_body(std::string_view bytes) {
    request_bytes_ += bytes.size();
    if (phase_ != Phase::forwarding || upstream_ == nullptr) {
        if (request_bytes_ > kDiscardedBodyBytesMax) keep_alive_ = false;
        return http::Next::go;
    }
    Buffer& out = upstream_->out();
    if (head_.body.kind == http::BodyKind::chunked) {
        http::write_chunk(out, bytes);
    } else {
        out.append(bytes);
    }
    if (out.size() <= kHighWatermarkBytes) return http::Next::go;
    upstream_->flush();
    request_paused_ = out.size() > kHighWatermarkBytes;
    if (request_paused_) downstream_.pause_reading();
    return request_paused_ ? http::Next::pause : http::Next::go;
}

http::Next Stream::on_request_end(http::HeaderMap& trailers) {
    request_done_ = true;
    if (phase_ == Phase::forwarding && upstream_ != nullptr && head_.body.kind == http::BodyKind::chunked) {
        http::keep_allowed_trailers(trailers);
        // Some origins merge trailers into the head: beside a credential none may speak.
        if (decision_.credential_index >= 0) trailers.clear();
        http::write_last_chunk(upstream_->out(), trailers);
    }
    return http::Next::pause;
}

void Stream::on_request_error(Error error, net::Clock::time_point started) {
    if (is_active()) {
        // The body broke: what went upstream is incomplete, and must look so.
        keep_alive_ = false;
        request_done_ = true;
        return phase_ == Phase::refused ? finish(false) : fail(std::move(error));
    }
    begin(started);
    head_.clear();
    keep_alive_ = false;
    request_done_ = true;
    fail(std::move(error));
}

void Stream::on_downstream_round_end() {
    if (phase_ == Phase::refused && (request_done_ || !keep_alive_)) return finish(keep_alive_);
    if (upstream_ != nullptr) upstream_->flush();
}

void Stream::on_upstream_drained() {
    if (!request_paused_) return;
    request_paused_ = false;
    downstream_.resume_reading();
}

http::Next Stream::on_response_head(http::ResponseHead& head) {
    if (auto accepted = accept_response(head); !accepted) {
        response_error_ = accepted.error();
        return http::Next::pause;
    }
    if (head.status < 200) {
        pass_interim_response(head);
        return http::Next::go;
    }
    first_byte_ = net::Clock::now();
    status_ = head.status;
    response_started_ = true;
    origin_keeps_alive_ = head.keep_alive;
    http::remove_hop_by_hop(head);
    choose_response_framing(head);
    http::write_response_head(downstream_.out(), head);
    return http::Next::go;
}

Result<void> Stream::accept_response(http::ResponseHead& head) {
    if (head.status == 101) return failure(ErrorCode::origin_upgrade);
    return http::validate_response(head);
}

void Stream::pass_interim_response(http::ResponseHead& head) {
    // 100 was the gate's to say; HTTP/1.0 knows no interim responses (RFC 9110 section 15.2).
    if (head.status == 100 || head_.version_minor == 0) return;
    http::remove_hop_by_hop(head);
    http::write_response_head(downstream_.out(), head);
}

void Stream::choose_response_framing(http::ResponseHead& head) {
    const bool old_client = head_.version_minor == 0;
    if (old_client && head.body.kind == http::BodyKind::chunked) head.body.kind = http::BodyKind::until_close;
    response_body_ = head.body.kind;
    keep_alive_ = response_keeps_alive();
    if (!keep_alive_) {
        head.headers.add("Connection", "close");
    } else if (old_client) {
        head.headers.add("Connection", "keep-alive");
    }
}

bool Stream::response_keeps_alive() const {
    return keep_alive_ && response_body_ != http::BodyKind::until_close && !downstream_.is_draining();
}

http::Next Stream::on_body(std::string_view bytes) {
    response_bytes_ += bytes.size();
    Buffer& out = downstream_.out();
    if (response_body_ == http::BodyKind::chunked) {
        http::write_chunk(out, bytes);
    } else {
        out.append(bytes);
    }
    if (out.size() <= kHighWatermarkBytes) return http::Next::go;
    downstream_.flush();
    // The client turned out to be gone.
    if (upstream_ == nullptr) return http::Next::pause;
    response_paused_ = out.size() > kHighWatermarkBytes;
    return response_paused_ ? http::Next::pause : http::Next::go;
}

http::Next Stream::on_message_end(http::HeaderMap& trailers) {
    response_done_ = true;
    if (response_body_ == http::BodyKind::chunked) {
        http::keep_allowed_trailers(trailers);
        http::write_last_chunk(downstream_.out(), trailers);
    }
    return http::Next::pause;
}

void Stream::on_upstream_round_end() {
    if (response_error_) return fail(*std::exchange(response_error_, std::nullopt));
    if (response_done_) return complete();
    downstream_.flush();
}

void Stream::on_downstream_drained() {
    if (!response_paused_) return;
    response_paused_ = false;
    if (upstream_ != nullptr) upstream_->resume_reading();
}

void Stream::on_upstream_failed(Error error) {
    Upstream& gone = *upstream_;
    const bool untouched = gone.was_reused() && !gone.saw_response_bytes();
    upstream_timings_ = gone.timings();
    upstream_endpoint_ = gone.endpoint();
    upstream_reused_ = gone.was_reused();
    upstream_ = nullptr;
    // The origin closed an idle connection at the moment it was taken: nobody has seen the request.
    if (untouched && can_retry() && open_upstream(true) && send_head()) return upstream_->flush();
    fail(std::move(error));
}

bool Stream::can_retry() const {
    return head_.body.kind == http::BodyKind::none && is_idempotent(canonical_.method) && !response_started_ &&
           snapshot_ == egress_.snapshot();
}

void Stream::complete() {
    upstream_timings_ = upstream_->timings();
    upstream_endpoint_ = upstream_->endpoint();
    upstream_reused_ = upstream_->was_reused();
    const bool reusable = origin_keeps_alive_ && request_done_ && upstream_->is_clean();
    Upstream& upstream = *std::exchange(upstream_, nullptr);
    upstream.detach();
    if (reusable) {
        egress_.pool().release(upstream);
    } else {
        egress_.pool().discard(upstream);
    }
    // A client that has not finished sending is not read to the end for an answer that it has already got.
    finish(keep_alive_ && request_done_);
}

// Every failure ends here: with a reply where none has begun, with a broken connection where one has.
void Stream::fail(Error error) {
    drop_upstream();
    error_ = std::move(error);
    if (response_started_) {
        log_line();
        phase_ = Phase::idle;
        return downstream_.abort();
    }
    reply_locally(*error_);
    phase_ = Phase::refused;
    if (request_done_) return finish(keep_alive_);
    log_line();
    request_paused_ = false;
    downstream_.resume_reading();
}

void Stream::reply_locally(const Error& error) {
    const bool bounded = head_.body.kind == http::BodyKind::none ||
                         (head_.body.kind == http::BodyKind::length && head_.body.length_bytes <= kDiscardedBodyBytesMax &&
                          !head_.expect_continue);
    const bool misframed = error.code == ErrorCode::bad_request || error.code == ErrorCode::bad_framing;
    keep_alive_ = keep_alive_ && (request_done_ || bounded) && !misframed && !downstream_.is_draining();
    LocalReply reply;
    reply.error = error.code;
    reply.rule = decision_.rule;
    reply.request_id = id_;
    reply.to_head_request = head_.method == "HEAD";
    reply.keep_alive = keep_alive_;
    reply.http_1_0 = head_.version_minor == 0;
    status_ = http_status(error.code);
    response_bytes_ = write_local_reply(downstream_.out(), reply);
}

void Stream::on_new_snapshot() {
    if (phase_ != Phase::forwarding || !is_canonical_) return;
    const rules::Decision now = egress_.snapshot()->decide(canonical_, head_.headers);
    if (now.verdict == rules::Verdict::allow && has_same_rights(now, decision_)) return;
    fail({now.verdict == rules::Verdict::deny ? now.error : ErrorCode::denied, "by a newer policy"});
}

void Stream::abort(Error error) {
    if (!is_active()) return;
    drop_upstream();
    if (!error_) error_ = std::move(error);
    log_line();
    phase_ = Phase::idle;
}

void Stream::drop_upstream() {
    if (upstream_ == nullptr) return;
    Upstream& upstream = *std::exchange(upstream_, nullptr);
    upstream_timings_ = upstream.timings();
    upstream_endpoint_ = upstream.endpoint();
    upstream.detach();
    egress_.pool().discard(upstream);
}

void Stream::finish(bool keep_alive) {
    log_line();
    phase_ = Phase::idle;
    downstream_.on_stream_finished(keep_alive);
}

bool Stream::was_denied() const {
    if (decision_.verdict == rules::Verdict::deny) return true;
    if (!error_) return false;
    const Blame who = blame(error_->code);
    return who == Blame::policy || who == Blame::operator_config;
}

void Stream::log_line() {
    if (std::exchange(logged_, true)) return;
    const auto now = net::Clock::now();
    // What was sent on; where nothing was, what was asked for.
    const bool sent = is_canonical_ && !was_denied();
    const std::string target = sent ? target_to_send(canonical_.target, decision_.path_decided) : head_.target;
    AccessRecord record;
    describe_request(record);
    record.target = target;
    describe_outcome(record);
    record.total_us = micros(started_, now);
    context_.access_log.add(record);
}

void Stream::describe_request(AccessRecord& record) const {
    const ConnectionTarget& opened = downstream_.target();
    record.sandbox = egress_.id().value;
    record.policy = snapshot_->policy_name();
    record.generation = snapshot_->generation();
    record.request_id = id_;
    record.method = head_.method;
    record.scheme = http::to_string(opened.scheme);
    record.host = is_canonical_ ? std::string_view(canonical_.authority.host)
                                : std::string_view(opened.host.empty() ? opened.address_literal : opened.host);
    record.port = opened.port;
    record.head_us = micros(started_, head_done_);
    record.request_body_bytes = request_bytes_;
}

void Stream::describe_outcome(AccessRecord& record) const {
    record.status = status_;
    record.allowed = !was_denied();
    record.rule = decision_.rule;
    record.credential = decision_.credential;
    record.error = error_ ? &*error_ : nullptr;
    record.response_body_bytes = response_bytes_;
    record.upstream = upstream_endpoint_;
    record.upstream_reused = upstream_reused_;
    record.first_byte_us = status_ != 0 && !error_ ? micros(sent_, first_byte_) : 0;
    if (upstream_reused_) return;
    record.dns_us = upstream_timings_.dns_us;
    record.connect_us = upstream_timings_.connect_us;
    record.tls_us = upstream_timings_.tls_us;
}

}  // namespace sallyport::proxy
