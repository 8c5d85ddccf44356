#include "rules/compiled_policy.h"

#include <algorithm>
#include <limits>

namespace sallyport::rules {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// The first rule in the file's order of each kind, as rules are visited in any order.
struct FirstRules {
    std::uint32_t denying = kNone;
    std::uint32_t matching = kNone;
    std::uint32_t cleartext = kNone;
    bool is_path_ambiguous = false;  // of `matching`
    bool looked_at_path = false;

    bool needs(const Rule& rule, std::uint32_t index) const { return index < (rule.deny ? denying : matching); }

    void take(const Rule& rule, std::uint32_t index, RuleMatch match) {
        if (match == RuleMatch::no) return;
        if (match == RuleMatch::cleartext) {
            cleartext = std::min(cleartext, index);
        } else if (rule.deny) {
            denying = index;
        } else {
            matching = index;
            is_path_ambiguous = match == RuleMatch::ambiguous_path;
        }
    }
};

}  // namespace

void index_rules(CompiledPolicy& policy) {
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        for (const HostPattern& host : rule.hosts) policy.names.add(host, i);
        for (const std::string& address : rule.addresses) policy.addresses[address].push_back(i);
        if (rule.is_for_networks_alone()) policy.networks.push_back(i);
    }
}

Finding judge(const CompiledPolicy& policy, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    FirstRules first;
    const http::Authority& authority = request.authority;
    find_rules(policy, authority.host, authority.is_address, [&](std::uint32_t index) {
        const Rule& rule = policy.rules[index];
        first.looked_at_path |= !rule.paths.empty();
        if (first.needs(rule, index)) first.take(rule, index, match_rule(rule, request, headers));
    });
    const auto found = [&](Outcome outcome, std::uint32_t index) {
        return Finding{outcome, &policy.rules[index], first.looked_at_path};
    };
    if (first.denying != kNone) return found(Outcome::denied_by_rule, first.denying);
    if (first.matching != kNone) {
        return found(first.is_path_ambiguous ? Outcome::bad_path : Outcome::allowed, first.matching);
    }
    // The default is about names: an address is only ever reached by a rule that is about it.
    if (policy.default_allow && !authority.is_address) return {Outcome::by_default, nullptr, first.looked_at_path};
    if (first.cleartext != kNone) return found(Outcome::cleartext, first.cleartext);
    return {};
}

bool is_reachable(const CompiledPolicy& policy, http::Scheme scheme, std::string_view host, bool is_address,
                  std::uint16_t port) {
    bool is_allowed = policy.default_allow && !is_address;
    bool is_denied = false;
    find_rules(policy, host, is_address, [&](std::uint32_t index) {
        const Rule& rule = policy.rules[index];
        if (!matches_endpoint(rule, scheme, port)) return;
        is_allowed |= !rule.deny;
        is_denied |= rule.deny && !rule.is_about_requests();
    });
    return is_allowed && !is_denied;
}

}  // namespace sallyport::rules
