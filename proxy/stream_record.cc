// What the access log, the audit log and operators are told of a stream.
#include <utility>

#include "proxy/egress.h"
#include "proxy/fetch_rules.h"
#include "proxy/guarded_exchange.h"
#include "proxy/stream.h"
#include "rules/actions.h"

namespace sallyport::proxy {
namespace {

std::uint64_t micros(net::Clock::time_point from, net::Clock::time_point to) {
    if (to <= from) return 0;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

std::string_view action_text(rules::Action action) {
    switch (action) {
        case rules::Action::respond: return "respond";
        case rules::Action::handler: return "handler";
        case rules::Action::forward: break;
    }
    return "forward";
}

// As rules and scripts call it.
std::string handler_text(const rules::Decision& decision) {
    if (decision.action != rules::Action::handler) return {};
    const rules::HandlerRef& handler = *decision.handler;
    switch (handler.kind) {
        case rules::HandlerKind::by_host: return "outboundByHost[" + handler.name + "]";
        case rules::HandlerKind::outbound: return "outbound";
        default: return handler.name;
    }
}

}  // namespace

bool Stream::was_denied() const {
    if (decision_.verdict == rules::Verdict::deny) return true;
    if (!error_) return false;
    const Blame who = blame(error_->code);
    return who == Blame::policy || who == Blame::operator_config;
}

// `error` is null for the decision to go on: then nothing may go out before this. Once for each decision: that to go on,
// and a refusal, which may come after it (an address that is not granted, a newer policy).
Result<void> Stream::record_decision(const Error* error) {
    if (context_.audit == nullptr) return {};
    if (error != nullptr && std::exchange(audited_, true) && !was_denied()) return {};
    audited_ = true;
    const ConnectionTarget& opened = owner_.target();
    const std::string handler = handler_text(decision_);
    AuditedDecision record;
    record.sandbox = egress_.id().value;
    record.policy = snapshot_->policy_name();
    record.generation = snapshot_->generation();
    record.request_id = id_;
    record.method = head_.method;
    record.scheme = http::to_string(opened.scheme);
    record.host = is_canonical_ ? std::string_view(canonical_.authority.host)
                                : std::string_view(opened.host.empty() ? opened.address_literal : opened.host);
    record.port = opened.port;
    record.target = loggable_target();
    record.allowed = error == nullptr;
    record.rule = decision_.rule;
    record.credential = decision_.credential;
    record.handler = handler;
    record.action = error == nullptr ? action_text(decision_.action) : std::string_view();
    record.error = error;
    record.by_handler = caller_id_ != RequestId{};
    // What a handler fetches is not decided by the request alone, and may hold what it was given.
    if (is_canonical_ && !record.by_handler) {
        record.request = &canonical_;
        record.headers = &head_.headers;
    }
    if (context_.audit->record(record)) return {};
    return failure(ErrorCode::audit_unavailable);
}

// What was sent on; where nothing was, what was asked for. A handler may have written a value of its env into it.
std::string_view Stream::loggable_target() const {
    if (caller_ == nullptr) return head_.target;
    const auto environment = caller_->request().snapshot->handler_environment();
    http::RequestHead target_alone;
    target_alone.target = head_.target;
    return environment && !holds_value(target_alone, *environment) ? std::string_view(head_.target) : "***";
}

void Stream::log_line() {
    if (std::exchange(logged_, true)) return;
    const auto now = net::Clock::now();
    const std::string handler = handler_text(decision_);
    AccessRecord record;
    describe_request(record);
    record.handler = handler;
    describe_outcome(record);
    record.total_us = micros(started_, now);
    context_.access_log.add(record);
}

void Stream::describe(LiveConnection& live) const {
    if (!is_active()) return;
    live.request_id = to_string(id_);
    live.rule = decision_.rule;
    live.generation = snapshot_->generation();
    if (!is_relaying()) return;
    live.protocol = "websocket";
    live.state = "tunnel";
}

void Stream::describe_request(AccessRecord& record) const {
    const ConnectionTarget& opened = owner_.target();
    record.sandbox = egress_.id().value;
    record.policy = snapshot_->policy_name();
    record.generation = snapshot_->generation();
    record.request_id = id_;
    record.call = caller_id_;
    record.method = head_.method;
    record.scheme = http::to_string(opened.scheme);
    record.host = is_canonical_ ? std::string_view(canonical_.authority.host)
                                : std::string_view(opened.host.empty() ? opened.address_literal : opened.host);
    record.port = opened.port;
    record.target = loggable_target();
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
    record.scrubbed = guard_ != nullptr ? guard_->scrubbed() : 0;
    record.secret_parts = guard_ != nullptr ? guard_->secret_parts() : 0;
    record.upstream = upstream_endpoint_;
    record.upstream_reused = upstream_reused_;
    record.first_byte_us = status_ != 0 && !error_ ? micros(sent_, first_byte_) : 0;
    if (upstream_reused_) return;
    record.dns_us = upstream_timings_.dns_us;
    record.connect_us = upstream_timings_.connect_us;
    record.tls_us = upstream_timings_.tls_us;
}

}  // namespace sallyport::proxy
