#include "proxy/stream.h"

#include <algorithm>
#include <utility>

#include "proxy/egress.h"
#include "proxy/fetch_rules.h"
#include "proxy/grpc_status.h"
#include "proxy/guarded_exchange.h"
#include "proxy/local_reply.h"
#include "proxy/max_forwards.h"
#include "proxy/own_fields.h"
#include "proxy/upstream_pool.h"
#include "proxy/websocket.h"
#include "rules/actions.h"
#include "rules/placeholders.h"

namespace sallyport::proxy {
namespace {

// Method, version and the like beside the target and the fields.
constexpr std::size_t kHeadRestBytes = 16;

// RFC 9110 section 9.2.2: sending these twice is no more than sending them once.
bool is_idempotent(std::string_view method) {
    constexpr std::string_view kIdempotent[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    return std::find(std::begin(kIdempotent), std::end(kIdempotent), method) != std::end(kIdempotent);
}

std::string target_to_send(const http::CanonicalTarget& target, bool path_decided) {
    std::string text = path_decided ? target.path : target.raw_path;
    if (target.has_query) text.append("?").append(target.query);
    return text;
}

const std::vector<std::string>& networks_of(const rules::Decision& decision) {
    static const std::vector<std::string> kNone;
    return decision.granted_networks != nullptr ? *decision.granted_networks : kNone;
}

bool is_same_destination(const rules::Destination* a, const rules::Destination* b) {
    if (a == nullptr || b == nullptr) return a == b;
    return a->scheme == b->scheme && a->authority == b->authority;
}

bool is_same_handler(const rules::HandlerRef* a, const rules::HandlerRef* b) {
    if (a == nullptr || b == nullptr) return a == b;
    return a->kind == b->kind && a->name == b->name && a->params_json == b->params_json;
}

bool is_same_limit(const rules::LimitSpec* a, const rules::LimitSpec* b) {
    return a == b || (a != nullptr && b != nullptr && *a == *b);
}

void set_host(http::HeaderMap& headers, const std::string& host) {
    if (headers.get("Host") != host) headers.set("Host", host);
}

}  // namespace

Stream::Stream(WorkerContext& context, Egress& egress, StreamOwner& owner)
    : context_(context), egress_(egress), owner_(owner) {}

Stream::~Stream() { drop_upstream(); }

void Stream::begin(net::Clock::time_point started, http::RequestHead& head) {
    phase_ = Phase::forwarding;
    id_ = context_.next_request_id();
    snapshot_ = egress_.snapshot();
    std::swap(head_, head);
    keep_alive_ = head_.keep_alive;
    is_canonical_ = false;
    decision_ = {};
    is_ruled_ = true;
    websocket_key_.clear();
    caller_ = nullptr;
    caller_id_ = {};
    body_use_ = rules::BodyUse::untouched;
    upstream_endpoint_.clear();
    upstream_reused_ = false;
    upstream_timings_ = {};
    request_done_ = request_paused_ = relaying_ = false;
    response_body_ = http::BodyKind::none;
    response_started_ = response_done_ = origin_keeps_alive_ = response_paused_ = response_has_more_ = false;
    response_error_.reset();
    reads_handler_reason_ = false;
    error_.reset();
    audited_ = logged_ = false;
    status_ = 0;
    request_bytes_ = response_bytes_ = 0;
    started_ = started;
    head_done_ = sent_ = first_byte_ = net::Clock::now();
}

http::Next Stream::on_request_head(http::RequestHead& head, net::Clock::time_point started, HandlerCall* caller) {
    begin(started, head);
    caller_ = caller;
    if (caller_ != nullptr) caller_id_ = caller_->request().id;
    auto outcome = judge();
    if (outcome) outcome = admit();
    if (outcome) outcome = record_decision(nullptr);
    if (outcome) outcome = act();
    if (!outcome) fail(outcome.error());
    return request_paused_ ? http::Next::pause : http::Next::go;
}

http::Next Stream::refuse(http::RequestHead& head, Error error, net::Clock::time_point started) {
    begin(started, head);
    fail(std::move(error));
    return http::Next::go;
}

// Everything that decides whether the request may go on, on its canonical form.
Result<void> Stream::judge() {
    const std::string& known_host = owner_.target().host;
    if (head_.is_http_1_0() && !known_host.empty() && !head_.headers.has("Host")) {
        // HTTP/1.0 knows no Host, but the connection has a name.
        head_.headers.add("Host", http::to_string(owner_.target().authority(), owner_.target().scheme));
    }
    auto canonical = http::validate_request(head_, owner_.target().scheme);
    if (!canonical) return failure(canonical.error());
    canonical_ = std::move(*canonical);
    is_canonical_ = true;
    if (auto same = check_authority(); !same) return same;
    if (auto upgrade = read_upgrade(); !upgrade) return upgrade;
    // Before the decision: what Connection takes away must not have helped to match a rule.
    const bool takes_trailers = head_.version_major == 2 && head_.headers.get("TE") == "trailers";
    if (auto removed = http::remove_hop_by_hop(head_); !removed) return removed;
    // Servers of gRPC go by it (gRPC over HTTP/2, "Requests").
    if (takes_trailers) head_.headers.add("TE", "trailers");
    remove_own_fields(head_.headers);
    head_.headers.remove("Expect");
    set_host(head_.headers, http::to_string(canonical_.authority, canonical_.scheme));
    decision_ = decide(*snapshot_, is_ruled_);
    if (decision_.verdict == rules::Verdict::deny) return failure(decision_.error);
    if (!websocket_key_.empty() && !decision_.websocket) return failure(ErrorCode::upgrade_refused);
    const bool is_h2c = head_.version_major == 2 && owner_.target().scheme == http::Scheme::http;
    if (is_h2c && !decision_.h2c) return failure(ErrorCode::not_intercepted, "cleartext HTTP/2, and the rule does not say h2c");
    head_.target = target_to_send(canonical_.target, decision_.path_decided);
    return check_cleartext();
}

// One name: what the address stood for = SNI = Host, port included.
Result<void> Stream::check_authority() const {
    const ConnectionTarget& opened = owner_.target();
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

// Asking for h2c is an offer that a server may pass over (RFC 9110 section 7.8); any protocol but WebSocket is refused.
Result<void> Stream::read_upgrade() {
    if (!head_.upgrade) return {};
    if (asks_for_websocket(head_)) {
        auto key = check_websocket_request(head_);
        if (!key) return failure(key.error());
        websocket_key_ = std::move(*key);
        return {};
    }
    const auto wanted = head_.headers.get("Upgrade");
    if (wanted && http::equals_ignoring_case(*wanted, "h2c")) return {};
    return failure(ErrorCode::upgrade_refused);
}

rules::Decision Stream::decide(const rules::PolicySnapshot& snapshot, bool& is_ruled) const {
    is_ruled = true;
    if (caller_ == nullptr) return snapshot.decide(canonical_, head_.headers);
    FetchDecision fetch = decide_fetch(snapshot, canonical_, head_.headers, caller_->is_own_host(canonical_),
                                       caller_->request().decision);
    is_ruled = fetch.is_ruled;
    return fetch.decision;
}

Result<void> Stream::check_cleartext() const {
    const bool is_sent = decision_.action == rules::Action::forward;
    if (!is_sent || origin_scheme() == http::Scheme::https || decision_.allow_cleartext_credential) return {};
    if (decision_.credential_index >= 0) return failure(ErrorCode::cleartext_credential);
    if (caller_ == nullptr) return {};
    const auto environment = caller_->request().snapshot->handler_environment();
    if (environment && !holds_value(head_, *environment)) return {};
    return failure(ErrorCode::cleartext_credential, "the handler put in a value of its env");
}

Result<void> Stream::admit() {
    const rules::LimitSpec* const policy_limit = snapshot_->policy_limit();
    Limiter::Exchange exchange{decision_.limit, decision_.limit_key, Limiter::Counts::everything, policy_limit,
                               Limiter::Counts::everything, head_.target, 0};
    if (caller_ != nullptr) {
        // The call was counted as the request that it is; what goes out for it counts here.
        const rules::Decision& call = caller_->request().decision;
        const bool is_own_host = caller_->is_own_host(canonical_);
        if (is_own_host) exchange.policy_counts = Limiter::Counts::bytes;
        const bool is_calls = decision_.limit == nullptr ? is_own_host : decision_.limit_key == call.limit_key;
        if (call.limit != nullptr && is_calls) {
            exchange.rule_limit = call.limit;
            exchange.rule_key = call.limit_key;
            exchange.rule_counts = Limiter::Counts::bytes;
        }
    }
    if (exchange.rule_limit == nullptr && policy_limit == nullptr) return {};
    if (decision_.action == rules::Action::forward) {
        exchange.head_bytes = head_.method.size() + head_.target.size() + head_.headers.wire_size() + kHeadRestBytes;
    }
    auto permit = egress_.limiter().admit(exchange, context_.loop.now());
    if (!permit) return failure(permit.error());
    permit_ = std::move(*permit);
    return {};
}

Result<void> Stream::act() {
    static const rules::Respond kEndOfTheWay{204, {}, {}};
    if (decision_.action == rules::Action::respond) {
        answer_by_rule();
        return {};
    }
    if (count_forward(head_) == Forwarding::ends_here) {
        answer_by_rule(kEndOfTheWay);
        return {};
    }
    guard();
    if (decision_.action == rules::Action::handler) {
        if (egress_.calls().running() >= snapshot_->handler_limits().concurrency) return failure(ErrorCode::handler_busy);
        HandlerCallUser& user = *this;
        call_ = std::make_unique<HandlerCall>(
            context_, egress_.calls(), user,
            HandlerCall::Request{id_, canonical_.scheme, canonical_.authority, decision_, snapshot_});
        return open_upstream(false);
    }
    body_use_ = body_use();
    const bool waits_for_body = body_use_ == rules::BodyUse::whole && head_.body.kind != http::BodyKind::none;
    return waits_for_body ? gather_body() : open_upstream(false);
}

http::Scheme Stream::origin_scheme() const {
    return decision_.upstream != nullptr ? decision_.upstream->scheme : canonical_.scheme;
}

UpstreamKey Stream::upstream_key() const {
    UpstreamKey key;
    key.generation = snapshot_->generation();
    key.is_handler = call_ != nullptr;
    if (key.is_handler) return key;
    key.is_rewritten = decision_.upstream != nullptr;
    const http::Authority& authority = key.is_rewritten ? decision_.upstream->authority : canonical_.authority;
    key.scheme = origin_scheme();
    key.host = authority.host;
    key.is_address = authority.is_address;
    key.port = authority.port;
    key.is_literal_granted = !key.is_rewritten && is_ruled_;
    key.credential_index = decision_.credential_index;
    if (const auto* action = snapshot_->action_of(decision_)) key.client_certificate = action->client_certificate();
    key.granted_networks = decision_.granted_networks;
    const bool is_tls = key.scheme == http::Scheme::https;
    key.h2c = decision_.h2c && !is_tls;
    key.needs_http1 = !websocket_key_.empty() && (is_tls || key.h2c);
    return key;
}

Result<void> Stream::open_upstream(bool retry) {
    const auto freshness = retry ? UpstreamPool::Freshness::fresh : UpstreamPool::Freshness::any;
    auto upstream = egress_.pool().acquire(upstream_key(), snapshot_, freshness);
    if (!upstream) return failure(upstream.error());
    upstream_ = *upstream;
    upstream_->attach(*this, canonical_.method);
    if (call_ == nullptr || upstream_->is_open()) return send_head();
    // The head names the host's way back, which is known when the connection is there. Until then nothing is taken.
    request_paused_ = !request_done_;
    if (request_paused_) owner_.pause_reading();
    return {};
}

void Stream::on_upstream_open() {
    if (auto sent = send_head(); !sent) fail(sent.error());
}

bool Stream::can_retry() const {
    return head_.body.kind == http::BodyKind::none && is_idempotent(canonical_.method) && !response_started_ &&
           snapshot_ == egress_.snapshot();
}

Result<void> Stream::send_head() {
    const bool is_as_decided = decision_.credential_index < 0 && decision_.upstream == nullptr && call_ == nullptr &&
                               websocket_key_.empty() && guard_ == nullptr && !rules::mentions_placeholder(head_);
    body_.begin_to_send(head_.body, nullptr);
    if (is_as_decided) {
        upstream_->request().write_head(head_);
    } else {
        outgoing_ = head_;
        auto completed = complete_head(outgoing_);
        outgoing_.holds_secrets = true;
        if (completed) upstream_->request().write_head(outgoing_);
        if (completed && body_.is_gathered()) completed = body_.send_gathered(upstream_->request());
        upstream_->wipe_after_write();
        outgoing_.headers.wipe();
        if (!completed) return completed;
    }
    if (call_ != nullptr) call_->start(upstream_->handler_peer());
    sent_ = context_.loop.now();
    // The decision is made: the body is wanted, whatever the origin would have said to the question.
    if (head_.expect_continue && !body_.is_gathered()) say_continue();
    return {};
}

void Stream::say_continue() {
    http::ResponseHead head;
    head.status = 100;
    head.reason = "Continue";
    owner_.response().write_interim(head);
}

Result<void> Stream::complete_head(http::RequestHead& head) {
    if (decision_.upstream != nullptr) {
        set_host(head.headers, http::to_string(decision_.upstream->authority, decision_.upstream->scheme));
    }
    if (!websocket_key_.empty()) add_upgrade_fields(head.headers);
    if (guard_ != nullptr) {
        if (auto prepared = guard_->prepare(head); !prepared) return prepared;
    }
    return call_ != nullptr ? call_->describe(upstream_->handler_peer(), head) : put_in_secrets(head);
}

http::Next Stream::on_request_body(std::string_view bytes) {
    request_bytes_ += bytes.size();
    if (phase_ != Phase::forwarding || (upstream_ == nullptr && !body_.is_gathering())) {
        if (request_bytes_ > kDiscardedBodyBytesMax) keep_alive_ = false;
        return http::Next::go;
    }
    if (call_ == nullptr && permit_.is_limited() && !permit_.spend(bytes.size(), context_.loop.now())) {
        fail({ErrorCode::rate_limited, "bytes_out, in the body"});
        return http::Next::go;
    }
    if (auto taken = take_request_body(bytes); !taken) fail(taken.error());
    if (upstream_ == nullptr) return http::Next::go;
    if (upstream_->waiting_bytes() <= kHighWatermarkBytes) return http::Next::go;
    upstream_->flush();
    request_paused_ = upstream_->waiting_bytes() > kHighWatermarkBytes;
    if (request_paused_) owner_.pause_reading();
    return request_paused_ ? http::Next::pause : http::Next::go;
}

// Where that fails, it is over only with the round: the owner is in the middle of it.
http::Next Stream::on_request_end(http::HeaderMap& trailers) {
    if (phase_ == Phase::forwarding) {
        if (auto ended = end_request_body(trailers); !ended) fail(ended.error());
    }
    request_done_ = true;
    return http::Next::pause;
}

Result<void> Stream::end_request_body(http::HeaderMap& trailers) {
    // What follows an upgrade is no body: it ends when the client ends it.
    if (!websocket_key_.empty()) return {};
    if (body_.is_gathering()) return open_upstream(false);
    if (upstream_ == nullptr || body_.is_gathered()) return {};
    http::keep_allowed_trailers(trailers);
    // Some origins merge trailers into the head: beside a credential none may speak.
    if (decision_.credential_index >= 0) trailers.clear();
    if (body_.is_rewriting()) upstream_->wipe_after_write();
    return body_.finish(trailers, upstream_->request());
}

void Stream::on_request_error(Error error, net::Clock::time_point started) {
    if (is_active()) {
        // The body broke: what went upstream is incomplete, and must look so.
        keep_alive_ = false;
        request_done_ = true;
        return phase_ == Phase::answered ? finish(false) : fail(std::move(error));
    }
    http::RequestHead none;
    none.keep_alive = false;
    begin(started, none);
    request_done_ = true;
    fail(std::move(error));
}

void Stream::on_client_finished() {
    if (std::exchange(request_done_, true)) return;
    upstream_->finish_writing();
    // Writing may have found out that the origin is gone.
    if (upstream_ != nullptr && response_done_) complete();
}

void Stream::on_downstream_round_end() {
    if (phase_ == Phase::answered && (request_done_ || !keep_alive_)) return finish(keep_alive_);
    if (upstream_ != nullptr) upstream_->flush();
}

void Stream::on_upstream_drained() {
    if (!request_paused_) return;
    request_paused_ = false;
    // Behind an upgrade request nothing is wanted before its answer.
    if (!websocket_key_.empty() && request_done_ && !relaying_) return;
    owner_.resume_reading();
}

void Stream::on_new_snapshot() {
    if (phase_ != Phase::forwarding || !is_canonical_) return;
    const rules::PolicySnapshot& now = *egress_.snapshot();
    bool is_ruled = true;
    const rules::Decision decision = decide(now, is_ruled);
    const bool is_allowed = decision.verdict == rules::Verdict::allow && is_ruled == is_ruled_ && has_same_rights(now, decision);
    if (is_allowed && learns_secrets_of(egress_.snapshot())) return;
    fail({decision.verdict == rules::Verdict::deny ? decision.error : ErrorCode::denied, "by a newer policy: " + std::string(decision.rule)});
}

// A request runs on under the rights that it began with, or not at all.
bool Stream::has_same_rights(const rules::PolicySnapshot& now, const rules::Decision& decision) const {
    return decision.action == decision_.action && now.has_same_credential(decision, *snapshot_, decision_) &&
           networks_of(decision) == networks_of(decision_) && is_same_destination(decision.upstream, decision_.upstream) &&
           is_same_handler(decision.handler, decision_.handler) && (decision.websocket || websocket_key_.empty()) &&
           (!relaying_ || has_same_limits(now, decision)) &&
           (call_ == nullptr || now.has_same_handlers(*snapshot_));
}

// A WebSocket may last for ever: not under a budget that is no more.
bool Stream::has_same_limits(const rules::PolicySnapshot& now, const rules::Decision& decision) const {
    return is_same_limit(decision.limit, decision_.limit) && decision.limit_key == decision_.limit_key &&
           is_same_limit(now.policy_limit(), snapshot_->policy_limit());
}

void Stream::answer_by_rule() {
    const auto& metadata = decision_.respond->metadata;
    if (metadata == nullptr) return answer_by_rule(*decision_.respond);
    answer_by_rule(egress_.metadata().answer(*metadata, canonical_, head_.headers, std::chrono::system_clock::now()));
}

void Stream::answer_by_rule(const rules::Respond& respond) {
    phase_ = Phase::answered;
    keep_alive_ = may_keep_alive_after_answer();
    const RuleReply reply{respond, canonical_.method == "HEAD", keep_alive_, head_.is_http_1_0()};
    status_ = respond.status;
    response_bytes_ = write_rule_reply(owner_.response(), reply);
}

// Every failure ends here: with a reply where none has begun, with a broken connection where one has.
void Stream::fail(Error error) {
    drop_upstream();
    call_.reset();
    error_ = std::move(error);
    if (auto recorded = record_decision(&*error_); !recorded) error_ = recorded.error();
    if (response_started_) {
        end();
        return owner_.abort();
    }
    reply_locally(*error_);
    phase_ = Phase::answered;
    go_on_after_answer();
}

void Stream::reply_locally(const Error& error) {
    const bool misframed = error.code == ErrorCode::bad_request || error.code == ErrorCode::bad_framing;
    keep_alive_ = may_keep_alive_after_answer() && !misframed;
    LocalReply reply;
    reply.error = error.code;
    reply.rule = decision_.rule;
    reply.request_id = id_;
    reply.to_head_request = head_.method == "HEAD";
    reply.keep_alive = keep_alive_;
    reply.http_1_0 = head_.is_http_1_0();
    reply.is_grpc = head_.version_major == 2 && is_grpc(head_.headers);
    reply.blocked = &snapshot_->block_answer();
    reply.retry_after = egress_.limiter().retry_after();
    const WrittenReply written = write_local_reply(owner_.response(), reply);
    status_ = written.status;
    response_bytes_ = written.body_bytes;
}

// What is still to come of the request must be little, and certain to come; behind an offer of another protocol there may be
// bytes of that, which are no requests.
bool Stream::may_keep_alive_after_answer() const {
    const bool bounded = head_.body.kind == http::BodyKind::none ||
                         (head_.body.kind == http::BodyKind::length && head_.body.length_bytes <= kDiscardedBodyBytesMax &&
                          !head_.expect_continue);
    return keep_alive_ && (request_done_ || bounded) && !head_.upgrade && !owner_.is_draining();
}

void Stream::go_on_after_answer() {
    if (request_done_) return finish(keep_alive_);
    log_line();
    permit_.release();
    request_paused_ = false;
    owner_.resume_reading();
}

void Stream::abort(Error error) {
    if (!is_active()) return;
    drop_upstream();
    if (!error_) error_ = std::move(error);
    end();
}

void Stream::drop_upstream() {
    if (upstream_ == nullptr) return;
    Upstream& upstream = *std::exchange(upstream_, nullptr);
    upstream_timings_ = upstream.timings();
    upstream_endpoint_ = upstream.endpoint();
    upstream.detach();
    egress_.pool().discard(upstream);
}

void Stream::end() {
    log_line();
    phase_ = Phase::idle;
    relaying_ = false;
    permit_.release();
    call_.reset();
    caller_ = nullptr;
    drop_secrets();
}

void Stream::finish(bool keep_alive) {
    end();
    owner_.on_stream_finished(keep_alive);
}

bool Stream::waits_for_origin() const {
    return phase_ == Phase::forwarding && upstream_ != nullptr && !relaying_ && owner_.waiting_bytes() == 0 &&
           (request_done_ || upstream_->waiting_bytes() > 0);
}

// Not where the client is slow: it has deadlines of its own.
bool Stream::waits_for_handler() const {
    if (upstream_ == nullptr || relaying_ || response_paused_ || response_done_) return false;
    return request_done_ || upstream_->waiting_bytes() > 0;
}

}  // namespace sallyport::proxy
