#include "rules/compiled_policy.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"
#include "rules/shared_credentials.h"
#include "rules/snapshot.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kDefaultRule = "default";

ErrorCode unmatched_error(bool is_address) { return is_address ? ErrorCode::address_literal : ErrorCode::denied; }

}  // namespace

PolicySnapshot::Match PolicySnapshot::in_layer(const Rule* own, const Rule* policys) const {
    if (own != nullptr) return {own, policy_->credentials.size()};
    return {policys, 0};
}

Reach PolicySnapshot::reach(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const {
    const Traffic traffic = scheme == http::Scheme::https ? Traffic::https : Traffic::http;
    EndpointFinding own;
    if (const auto* rules = runtime_rules()) own = look_up_endpoint(*rules, traffic, host, is_address, port);
    const EndpointFinding policys = look_up_endpoint(*policy_, traffic, host, is_address, port);
    if (own.denying != nullptr || policys.denying != nullptr) return Reach::denied;
    const bool handles = has_handlers(scheme, is_address, port);
    Decision handled;
    if (handles && ask_host_handler(host, handled)) return Reach::intercept;
    if (const Rule* rule = in_layer(own.matching, policys.matching).rule) {
        return rule->passthrough ? Reach::passthrough : Reach::intercept;
    }
    const bool is_open = (handles && ask_catch_all(handled)) || (policy_->default_allow && !is_address);
    return is_open ? Reach::intercept : Reach::denied;
}

Decision PolicySnapshot::decide_tunnel(TunnelKind kind, std::string_view host, bool is_address,
                                       std::uint16_t port) const {
    const Traffic traffic = kind == TunnelKind::tcp ? Traffic::raw : Traffic::https;
    EndpointFinding own;
    if (const auto* rules = runtime_rules()) own = look_up_endpoint(*rules, traffic, host, is_address, port);
    const EndpointFinding policys = look_up_endpoint(*policy_, traffic, host, is_address, port);
    for (const Rule* rule : {own.denying, policys.denying, own.denying_some, policys.denying_some}) {
        if (rule != nullptr) return deny(ErrorCode::denied_by_rule, rule);
    }
    Decision handled;
    const auto asks = [&](http::Scheme scheme) {
        return has_handlers(scheme, is_address, port) && ask_host_handler(host, handled);
    };
    const Match match = in_layer(own.matching, policys.matching);
    const bool is_granted =
        match.rule != nullptr && (kind == TunnelKind::tcp ? match.rule->tcp : match.rule->passthrough);
    if (!is_granted || asks(http::Scheme::https) || (kind == TunnelKind::tcp && asks(http::Scheme::http))) {
        return deny(unmatched_error(is_address), nullptr);
    }
    Decision decision;
    decision.rule = match.rule->label;
    decision.verdict = Verdict::allow;
    grant(match, decision);
    return decision;
}

Decision PolicySnapshot::decide(const http::CanonicalRequest& request, const http::HeaderMap& headers,
                                Handlers handlers) const {
    RequestFinding own;
    if (const auto* rules = runtime_rules()) own = look_up(*rules, request, headers);
    const RequestFinding policys = look_up(*policy_, request, headers);
    Decision decision;
    decision.path_decided = own.looked_at_path || policys.looked_at_path;
    const auto finish = [&](Decision denied) {
        denied.path_decided = decision.path_decided;
        return denied;
    };
    if (const Rule* rule = in_layer(own.denying, policys.denying).rule) {
        return finish(deny(ErrorCode::denied_by_rule, rule));
    }
    const http::Authority& authority = request.authority;
    const bool handles =
        handlers == Handlers::consult && has_handlers(request.scheme, authority.is_address, authority.port);
    if (handles && ask_host_handler(authority.host, decision)) return decision;
    if (const Match match = in_layer(own.matching, policys.matching); match.rule != nullptr) {
        const bool is_ambiguous = match.rule == own.matching ? own.is_path_ambiguous : policys.is_path_ambiguous;
        if (is_ambiguous) return finish(deny(ErrorCode::bad_path, match.rule));
        allow(match, handlers, decision);
        return decision;
    }
    if (handles && ask_catch_all(decision)) return decision;
    decide_default(request, in_layer(own.cleartext, policys.cleartext).rule, decision);
    return decision;
}

Decision PolicySnapshot::deny(ErrorCode error, const Rule* rule) const {
    Decision decision;
    decision.error = error;
    decision.rule = rule != nullptr ? std::string_view(rule->label) : kDefaultRule;
    return decision;
}

// The default is about names: an address is only ever reached by a rule that is about it.
void PolicySnapshot::decide_default(const http::CanonicalRequest& request, const Rule* cleartext,
                                    Decision& decision) const {
    decision.rule = kDefaultRule;
    decision.error = unmatched_error(request.authority.is_address);
    if (policy_->default_allow && !request.authority.is_address) {
        decision.verdict = Verdict::allow;
    } else if (cleartext != nullptr) {
        decision.rule = cleartext->label;
        decision.error = ErrorCode::cleartext_credential;
    }
}

void PolicySnapshot::grant(const Match& match, Decision& decision) const {
    const Rule& rule = *match.rule;
    if (!rule.network_texts.empty()) decision.granted_networks = &rule.network_texts;
    decision.limit = rule.limit.get();
    decision.limit_key = rule.limit_key;
}

void PolicySnapshot::allow(const Match& match, Handlers handlers, Decision& decision) const {
    const Rule& rule = *match.rule;
    decision.rule = rule.label;
    decision.websocket = rule.websocket;
    if (rule.handler != nullptr && handlers == Handlers::consult) {
        decision.limit = rule.limit.get();
        decision.limit_key = rule.limit_key;
        return hand_over(*rule.handler, rule.label, decision);
    }
    grant(match, decision);
    decision.upstream = rule.upstream.get();
    decision.respond = rule.respond.get();
    decision.h2c = rule.h2c;
    decision.exchange = &rule.exchange;
    if (rule.respond != nullptr) decision.action = Action::respond;
    decision.verdict = Verdict::allow;
    if (rule.credential >= 0) add_credential(match, decision);
}

void PolicySnapshot::add_credential(const Match& match, Decision& decision) const {
    const std::size_t index = match.first_credential + static_cast<std::size_t>(match.rule->credential);
    const RenderedCredential& credential = *credentials_[index];
    decision.allow_cleartext_credential = match.rule->allow_cleartext_credential;
    decision.credential = credential.spec->name;
    if (credential.action) {
        decision.credential_index = static_cast<int>(index);
    } else {
        decision.verdict = Verdict::deny;
        decision.error = ErrorCode::secret_unavailable;
    }
}

bool PolicySnapshot::has_handlers(http::Scheme scheme, bool is_address, std::uint16_t port) const {
    const bool are_any = script_ != nullptr || runtime_labels_ != nullptr;
    return are_any && !is_address && port == http::default_port(scheme);
}

bool PolicySnapshot::ask_host_handler(std::string_view host, Decision& decision) const {
    if (runtime_labels_ != nullptr) {
        if (const auto found = runtime_->host_handlers.find(host); found != runtime_->host_handlers.end()) {
            hand_over(found->second, runtime_labels_->by_host.find(host)->second, decision);
            return true;
        }
    }
    const HandlerRef* handler = script_ != nullptr ? script_->by_host(host) : nullptr;
    if (handler == nullptr) return false;
    hand_over(*handler, script_->label(*handler), decision);
    return true;
}

bool PolicySnapshot::ask_catch_all(Decision& decision) const {
    if (runtime_labels_ != nullptr && runtime_->catch_all) {
        hand_over(*runtime_->catch_all, runtime_labels_->catch_all, decision);
        return true;
    }
    const HandlerRef* handler = script_ != nullptr ? script_->outbound() : nullptr;
    if (handler == nullptr) return false;
    hand_over(*handler, script_->label(*handler), decision);
    return true;
}

void PolicySnapshot::hand_over(const HandlerRef& handler, std::string_view label, Decision& decision) const {
    decision.rule = label;
    decision.action = Action::handler;
    decision.handler = &handler;
    const bool can_run = script_ != nullptr || !policy_->handler_socket.empty();
    decision.verdict = can_run ? Verdict::allow : Verdict::deny;
    if (!can_run) decision.error = ErrorCode::handler_missing;
}

}  // namespace sallyport::rules
