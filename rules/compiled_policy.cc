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

bool is_for(const Rule& rule, Traffic traffic, std::uint16_t port) {
    if (traffic == Traffic::raw) return matches_raw_endpoint(rule, port);
    return matches_endpoint(rule, traffic == Traffic::https ? http::Scheme::https : http::Scheme::http, port);
}

// Of bytes that nobody looks at, a deny for one scheme may or may not be about them.
bool denies_all(const Rule& rule, Traffic traffic) {
    return !rule.is_about_requests() && (traffic != Traffic::raw || (rule.http && rule.https));
}

}  // namespace

void index_rules(CompiledPolicy& policy) {
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        for (const HostPattern& host : rule.hosts) policy.names.add(host, i);
        for (const std::string& address : rule.addresses) policy.addresses[address].push_back(i);
        if (rule.is_for_networks_alone()) policy.networks.push_back(i);
    }
}

RequestFinding look_up(const CompiledPolicy& policy, const http::CanonicalRequest& request,
                       const http::HeaderMap& headers) {
    FirstRules first;
    RequestFinding finding;
    find_rules(policy, request.authority.host, request.authority.is_address, [&](std::uint32_t index) {
        const Rule& rule = policy.rules[index];
        finding.looked_at_path |= !rule.paths.empty();
        if (first.needs(rule, index)) first.take(rule, index, match_rule(rule, request, headers));
    });
    const auto rule_at = [&](std::uint32_t index) { return index == kNone ? nullptr : &policy.rules[index]; };
    finding.denying = rule_at(first.denying);
    finding.matching = rule_at(first.matching);
    finding.cleartext = rule_at(first.cleartext);
    finding.is_path_ambiguous = first.is_path_ambiguous;
    return finding;
}

EndpointFinding look_up_endpoint(const CompiledPolicy& policy, Traffic traffic, std::string_view host, bool is_address,
                                 std::uint16_t port) {
    EndpointFinding finding;
    // Rules lie in the list's order, so the first one is the one at the lowest address.
    const auto keep_first = [](const Rule*& slot, const Rule& rule) {
        if (slot == nullptr || &rule < slot) slot = &rule;
    };
    find_rules(policy, host, is_address, [&](std::uint32_t index) {
        const Rule& rule = policy.rules[index];
        if (!is_for(rule, traffic, port)) return;
        if (!rule.deny) return keep_first(finding.matching, rule);
        keep_first(denies_all(rule, traffic) ? finding.denying : finding.denying_some, rule);
    });
    return finding;
}

}  // namespace sallyport::rules
