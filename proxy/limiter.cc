#include "proxy/limiter.h"

#include <utility>

#include "proxy/limit_state.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

void append_rate(std::string& text, char kind, const std::optional<rules::Rate>& rate) {
    if (!rate) return;
    text += kind;
    text += std::to_string(rate->amount) + '/' + std::to_string(rate->period.count());
}

// A limit that has been changed is another one.
void append_key(std::string& text, std::string_view key, const rules::LimitSpec& spec) {
    text.append(key).append(1, '\0');
    append_rate(text, 'r', spec.requests);
    append_rate(text, 'b', spec.bytes_out);
    append_rate(text, 'u', spec.url_entropy);
    if (spec.concurrency) text += 'c' + std::to_string(*spec.concurrency);
}

LimitState::Charge charge_of(const Limiter::Exchange& exchange, Limiter::Counts counts) {
    return {counts == Limiter::Counts::everything, exchange.head_bytes, exchange.target};
}

}  // namespace

Limiter::Limiter() = default;
Limiter::~Limiter() = default;

Limiter::Permit::Permit(Permit&& other) noexcept
    : limiter_(std::exchange(other.limiter_, nullptr)),
      rule_(std::exchange(other.rule_, {})),
      policy_(std::exchange(other.policy_, {})) {}

Limiter::Permit& Limiter::Permit::operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    release();
    limiter_ = std::exchange(other.limiter_, nullptr);
    rule_ = std::exchange(other.rule_, {});
    policy_ = std::exchange(other.policy_, {});
    return *this;
}

void Limiter::Permit::release() {
    for (Share* share : {&rule_, &policy_}) {
        if (share->state != nullptr) share->state->end_one(share->runs);
        *share = {};
    }
}

bool Limiter::Permit::spend(std::uint64_t bytes, net::Clock::time_point now) {
    for (const Share* share : {&rule_, &policy_}) {
        if (share->state == nullptr || share->state->spend(bytes, now)) continue;
        limiter_->retry_after_ = share->state->retry_after();
        return false;
    }
    return true;
}

Result<Limiter::Permit> Limiter::admit(const Exchange& exchange, net::Clock::time_point now) {
    Permit permit;
    if (exchange.rule_limit == nullptr && exchange.policy_limit == nullptr) return permit;
    // Now, because both states must stay.
    if (states_.size() + 2 > kLimitStatesMax) forget_unused(now);
    const auto share = [&](const rules::LimitSpec* spec, std::string_view key, Counts counts) -> Permit::Share {
        if (spec == nullptr) return {};
        return {&state_of(key, *spec, now), counts == Counts::everything};
    };
    // No rule has an empty key.
    const Permit::Share of_rule = share(exchange.rule_limit, exchange.rule_key, exchange.rule_counts);
    const Permit::Share of_policy = share(exchange.policy_limit, {}, exchange.policy_counts);
    const auto refusal = [&](const Permit::Share& of, Counts counts) -> const char* {
        if (of.state == nullptr) return nullptr;
        const char* const why = of.state->refusal(charge_of(exchange, counts), now);
        if (why != nullptr) retry_after_ = of.state->retry_after();
        return why;
    };
    if (const char* why = refusal(of_rule, exchange.rule_counts)) {
        return failure(ErrorCode::rate_limited, std::string(why) + " of the rule");
    }
    if (const char* why = refusal(of_policy, exchange.policy_counts)) {
        return failure(ErrorCode::rate_limited, std::string(why) + " of the policy");
    }
    if (of_rule.state != nullptr) of_rule.state->take(charge_of(exchange, exchange.rule_counts));
    if (of_policy.state != nullptr) of_policy.state->take(charge_of(exchange, exchange.policy_counts));
    permit.limiter_ = this;
    permit.rule_ = of_rule;
    permit.policy_ = of_policy;
    return permit;
}

LimitState& Limiter::state_of(std::string_view key, const rules::LimitSpec& spec, net::Clock::time_point now) {
    key_text_.clear();
    append_key(key_text_, key, spec);
    if (const auto known = states_.find(key_text_); known != states_.end()) return *known->second;
    return *states_.emplace(key_text_, std::make_unique<LimitState>(spec, now)).first->second;
}

void Limiter::forget_unused(net::Clock::time_point now) {
    std::erase_if(states_, [&](const auto& entry) { return entry.second->is_unused(now); });
}

}  // namespace sallyport::proxy
