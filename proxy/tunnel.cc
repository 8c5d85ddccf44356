#include "proxy/tunnel.h"

#include <algorithm>

#include "proxy/connection_record.h"
#include "proxy/egress.h"
#include "proxy/server_tls.h"
#include "rules/actions.h"

namespace sallyport::proxy {
namespace {

std::uint64_t micros(net::Clock::time_point from, net::Clock::time_point to) {
    if (to <= from) return 0;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

const std::vector<std::string>& networks_of(const rules::Decision& decision) {
    static const std::vector<std::string> kNone;
    return decision.granted_networks != nullptr ? *decision.granted_networks : kNone;
}

bool is_same(const rules::LimitSpec* a, const rules::LimitSpec* b) {
    return a == b || (a != nullptr && b != nullptr && *a == *b);
}

// What a tunnel may do is where it may go and what it may use up: another rule that says the same is no reason to cut it.
bool is_same_grant(const rules::Decision& a, const rules::Decision& b) {
    return networks_of(a) == networks_of(b) && is_same(a.limit, b.limit) && a.limit_key == b.limit_key;
}

bool is_refusal(const Error& error) {
    const Blame who = blame(error.code);
    return who == Blame::policy || who == Blame::operator_config;
}

std::string_view action_text(rules::TunnelKind kind) { return kind == rules::TunnelKind::tcp ? "tcp" : "passthrough"; }

}  // namespace

Tunnel::Tunnel(WorkerContext& context, Egress& egress, UniqueFd fd, TunnelOrder order)
    : context_(context),
      egress_(egress),
      order_(std::move(order)),
      request_id_(context.next_request_id()),
      client_(context.loop, std::move(fd), [this](int ready) { on_client_ready(ready); }),
      to_origin_(client_),
      opened_(context.loop.now()),
      idle_(context.loop, [this] { fail({ErrorCode::request_timeout, "nothing moved in the tunnel for too long"}); }) {}

// A worker that stops, or a sandbox that is gone.
Tunnel::~Tunnel() {
    if (closed_) return;
    if (!error_) error_ = Error{ErrorCode::draining, "stopped"};
    client_.reset_on_close();
    if (origin_) origin_->reset_on_close();
    log_line();
}

void Tunnel::start(std::string_view first_bytes) {
    const Result<void> admitted = admit(first_bytes.size());
    if (!admitted) error_ = admitted.error();
    // Nothing goes out that is not recorded.
    if (!audit_connection(context_.audit, describe_record(), error_ ? std::string_view() : action_text(order_.kind))) {
        return fail({ErrorCode::audit_unavailable, "the connection could not be recorded"});
    }
    if (!admitted) return fail(admitted.error());
    context_.counters.bytes_from_sandboxes += first_bytes.size();
    to_origin_.pass(first_bytes);
    ++context_.counters.upstream_connections_made;
    const ConnectionTarget& target = order_.target;
    dialer_ = std::make_unique<OriginDialer>(
        context_, egress_.pool().own_addresses(),
        OriginAddress{target.host, target.is_address, target.port, order_.decision.granted_networks},
        [this](Result<UniqueFd> fd) { on_dialled(std::move(fd)); });
    end_round();
}

Result<void> Tunnel::admit(std::size_t first_bytes) {
    if (!egress_.may_open_tunnel()) return failure(ErrorCode::too_many_connections, "to origins");
    Limiter::Exchange exchange;
    exchange.rule_limit = order_.decision.limit;
    exchange.rule_key = order_.decision.limit_key;
    exchange.policy_limit = order_.snapshot->policy_limit();
    exchange.head_bytes = first_bytes;
    auto permit = egress_.limiter().admit(exchange, context_.loop.now());
    if (!permit) return failure(permit.error());
    permit_ = std::move(*permit);
    return {};
}

void Tunnel::on_dialled(Result<UniqueFd> fd) {
    const auto finished = std::move(dialer_);
    dns_us_ = finished->dns_us();
    connect_us_ = finished->connect_us();
    if (!fd) return fail(fd.error());
    ++context_.counters.tunnels_opened;
    origin_text_ = peer_text(fd->get());
    origin_ = std::make_unique<net::Connection>(context_.loop, std::move(*fd),
                                                [this](int ready) { on_origin_ready(ready); });
    to_client_.emplace(*origin_);
    to_client_->set_sink(client_);
    to_origin_.set_sink(*origin_);
    end_round();
}

void Tunnel::on_client_ready(int ready) {
    if (closed_) return;
    if ((ready & net::FdWatch::kWrite) != 0 && to_client_) to_client_->flush();
    if ((ready & net::FdWatch::kRead) != 0) take_from_client();
    end_round();
}

void Tunnel::on_origin_ready(int ready) {
    if (closed_) return;
    if ((ready & net::FdWatch::kWrite) != 0) to_origin_.flush();
    if ((ready & net::FdWatch::kRead) != 0) take_from_origin();
    end_round();
}

void Tunnel::take_from_client() {
    const std::string_view bytes = to_origin_.read(context_.read_block);
    context_.counters.bytes_from_sandboxes += bytes.size();
    if (!bytes.empty() && !permit_.spend(bytes.size(), context_.loop.now())) {
        return fail({ErrorCode::rate_limited, "bytes_out"});
    }
    to_origin_.pass(bytes);
}

void Tunnel::take_from_origin() {
    const std::string_view bytes = to_client_->read(context_.read_block);
    context_.counters.bytes_to_sandboxes += bytes.size();
    to_client_->pass(bytes);
}

void Tunnel::end_round() {
    if (closed_) return;
    using State = Relay::State;
    const State up = to_origin_.state();
    const State down = to_client_ ? to_client_->state() : State::flowing;
    if (up == State::source_broken || down == State::sink_broken) return fail({ErrorCode::client_gone, "reset"});
    if (up == State::sink_broken || down == State::source_broken) return fail({ErrorCode::origin_closed, "reset"});
    if (up == State::ended && down == State::ended) return close();
    const bool client_waits = to_client_ && to_client_->wants_to_write();
    client_.want((to_origin_.wants_to_read() ? net::FdWatch::kRead : 0) | (client_waits ? net::FdWatch::kWrite : 0));
    note_progress();
    if (!is_open()) return;
    origin_->want((to_client_->wants_to_read() ? net::FdWatch::kRead : 0) |
                  (to_origin_.wants_to_write() ? net::FdWatch::kWrite : 0));
}

void Tunnel::note_progress() {
    const std::uint64_t now = to_origin_.bytes_passed() + (to_client_ ? to_client_->bytes_passed() : 0);
    if (idle_.running() && now == progress_) return;
    progress_ = now;
    idle_.start(context_.deadlines.tunnel_idle);
}

void Tunnel::on_new_snapshot() {
    const ConnectionTarget& target = order_.target;
    const auto& snapshot = egress_.snapshot();
    const auto now = snapshot->decide_tunnel(order_.kind, target.host, target.is_address, target.port);
    if (now.verdict == rules::Verdict::deny) return fail({now.error, "by a newer policy: " + std::string(now.rule)});
    if (!is_same_grant(now, order_.decision) || !is_same(snapshot->policy_limit(), order_.snapshot->policy_limit())) {
        return fail({ErrorCode::denied, "by a newer policy: granted otherwise"});
    }
    // The old snapshot, with its secrets, is not kept for as long as a tunnel may last. A dialler points into it.
    if (!is_open()) return;
    order_.decision = now;
    order_.snapshot = snapshot;
}

// Not the end that a peer would give: a reset, so that nothing looks complete.
void Tunnel::fail(Error error) {
    if (closed_) return;
    const bool greeted = order_.kind == rules::TunnelKind::passthrough && !is_open();
    if (greeted && is_refusal(error)) {
        refuse_greeting();
    } else {
        client_.reset_on_close();
    }
    if (origin_) origin_->reset_on_close();
    error_ = std::move(error);
    close();
}

void Tunnel::refuse_greeting() {
    (void)client_.write(fatal_alert(SSL_AD_ACCESS_DENIED));
    client_.shutdown_write();
}

void Tunnel::close() {
    closed_ = true;
    log_line();
    permit_.release();
    idle_.stop();
    dialer_.reset();
    client_.want(net::FdWatch::kNone);
    if (origin_) origin_->want(net::FdWatch::kNone);
    egress_.remove(*this);
}

bool Tunnel::was_denied() const { return error_ && is_refusal(*error_); }

AccessRecord Tunnel::describe_record() const {
    AccessRecord record = connection_record(egress_.id(), *order_.snapshot, request_id_);
    record.scheme = order_.kind == rules::TunnelKind::tcp ? "tcp" : "tls";
    record.host = order_.target.host;
    record.port = order_.target.port;
    record.allowed = !was_denied();
    record.rule = order_.decision.rule;
    record.error = error_ ? &*error_ : nullptr;
    return record;
}

void Tunnel::log_line() {
    AccessRecord record = describe_record();
    record.request_body_bytes = to_origin_.bytes_passed();
    record.response_body_bytes = to_client_ ? to_client_->bytes_passed() : 0;
    record.upstream = origin_text_;
    record.dns_us = dns_us_;
    record.connect_us = connect_us_;
    record.total_us = micros(opened_, net::Clock::now());
    context_.access_log.add(record);
}

LiveConnection Tunnel::describe() const {
    LiveConnection live;
    live.id = id_.text();
    live.sandbox = egress_.id().value;
    live.protocol = action_text(order_.kind);
    live.host = order_.target.host;
    live.port = order_.target.port;
    live.state = closed_ ? "closing" : is_open() ? "tunnel" : "dialling";
    live.request_id = to_string(request_id_);
    live.rule = order_.decision.rule;
    live.age_ms = age_ms(opened_, context_.loop.now());
    live.bytes_in = to_origin_.bytes_passed();
    live.bytes_out = to_client_ ? to_client_->bytes_passed() : 0;
    live.generation = order_.snapshot->generation();
    return live;
}

}  // namespace sallyport::proxy
