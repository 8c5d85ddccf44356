// What is known of a connection before its first request: to where, and how, its requests would be forwarded.
#include <algorithm>

#include "rules/compiled_policy.h"
#include "rules/runtime_rules.h"
#include "rules/shared_credentials.h"
#include "rules/snapshot.h"

namespace sallyport::rules {
namespace {

// What one list of rules says.
struct RouteFinding {
    const Rule* forwarding = nullptr;  // the first that forwards
    const Rule* other = nullptr;       // the first that leaves nothing to those behind it, and does not forward
    bool denies_all = false;

    bool decides() const { return forwarding != nullptr || other != nullptr; }
};

template <class Forwards>
RouteFinding find_route(const CompiledPolicy& policy, http::Scheme scheme, std::string_view host, bool is_address,
                        std::uint16_t port, Forwards forwards) {
    RouteFinding finding;
    // Rules lie in the list's order, so the first one is the one at the lowest address.
    const auto keep_first = [](const Rule*& slot, const Rule& rule) {
        if (slot == nullptr || &rule < slot) slot = &rule;
    };
    find_rules(policy, host, is_address, [&](std::uint32_t index) {
        const Rule& rule = policy.rules[index];
        if (rule.passthrough || !matches_endpoint(rule, scheme, port)) return;
        if (rule.deny) {
            finding.denies_all |= !rule.is_about_requests();
        } else if (forwards(rule)) {
            keep_first(finding.forwarding, rule);
        } else if (!rule.is_about_requests()) {
            keep_first(finding.other, rule);
        }
    });
    if (finding.other != nullptr && finding.forwarding > finding.other) finding.forwarding = nullptr;
    return finding;
}

}  // namespace

Decision PolicySnapshot::route(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const {
    const auto find_in = [&](const CompiledPolicy& rules, std::size_t first_credential) {
        return find_route(rules, scheme, host, is_address, port, [&](const Rule& rule) {
            if (rule.respond != nullptr || rule.upstream != nullptr || rule.handler != nullptr) return false;
            const auto index = first_credential + static_cast<std::size_t>(rule.credential);
            return rule.credential < 0 || credentials_[index]->action.has_value();
        });
    };
    RouteFinding own;
    if (const auto* rules = runtime_rules()) own = find_in(*rules, policy_->credentials.size());
    const RouteFinding policys = find_in(*policy_, 0);
    Decision decision = deny(ErrorCode::denied, nullptr);
    if (own.denies_all || policys.denies_all) return decision;
    const bool handles = has_handlers(scheme, is_address, port);
    Decision handled;
    if (handles && ask_host_handler(host, handled)) return decision;
    if (own.decides() || policys.decides()) {
        const Match match = own.decides() ? Match{own.forwarding, policy_->credentials.size()} : Match{policys.forwarding, 0};
        if (match.rule != nullptr) allow(match, Handlers::skip, decision);
        return decision;
    }
    const bool is_open = policy_->default_allow && !is_address && !(handles && ask_catch_all(handled));
    if (is_open) decision.verdict = Verdict::allow;
    return decision;
}

bool PolicySnapshot::may_speak_h2c(std::string_view host, bool is_address, std::uint16_t port) const {
    bool found = false;
    const auto look_at = [&](const Rule& rule) { found |= rule.h2c && matches_endpoint(rule, http::Scheme::http, port); };
    const auto look_in = [&](const CompiledPolicy& policy) {
        if (host.empty()) return void(std::for_each(policy.rules.begin(), policy.rules.end(), look_at));
        find_rules(policy, host, is_address, [&](std::uint32_t index) { look_at(policy.rules[index]); });
    };
    if (const auto* rules = runtime_rules()) look_in(*rules);
    look_in(*policy_);
    return found;
}

}  // namespace sallyport::rules
