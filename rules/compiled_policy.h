// One policy of a file, indexed by host. Immutable once built; shared by the snapshots of every sandbox under it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/validate.h"
#include "rules/credential.h"
#include "rules/host_index.h"
#include "rules/rule.h"

namespace sallyport::rules {

struct CompiledPolicy {
    std::string name;
    bool default_allow = false;
    std::vector<Rule> rules;
    std::vector<CredentialSpec> credentials;  // those that the rules use

    // The rules for a name, those for a literal, and those for networks alone: filled by index_rules().
    HostIndex names;
    std::unordered_map<std::string, std::vector<std::uint32_t>, TextHash, std::equal_to<>> addresses;
    std::vector<std::uint32_t> networks;
};

// Call once, when `rules` is complete.
void index_rules(CompiledPolicy& policy);

// Calls `visit(index)` for each rule about this host, some perhaps twice, in no particular order.
template <class Visit>
void find_rules(const CompiledPolicy& policy, std::string_view host, bool is_address, Visit visit) {
    if (!is_address) return policy.names.find(host, visit);
    if (const auto found = policy.addresses.find(host); found != policy.addresses.end()) {
        for (const std::uint32_t rule : found->second) visit(rule);
    }
    const auto address = parse_ip(host);
    if (!address) return;
    for (const std::uint32_t rule : policy.networks) {
        for (const Network& network : policy.rules[rule].networks) {
            if (network.contains(*address)) visit(rule);
        }
    }
}

enum class Outcome { allowed, by_default, denied_by_rule, bad_path, cleartext, no_rule };

struct Finding {
    Outcome outcome = Outcome::no_rule;
    const Rule* rule = nullptr;  // what led to the outcome; null for by_default and no_rule
    bool looked_at_path = false;
};

// Deny wins, then the first match, then the default. Allocates nothing.
Finding judge(const CompiledPolicy& policy, const http::CanonicalRequest& request, const http::HeaderMap& headers);

// Whether any request to this host and port can be allowed.
bool is_reachable(const CompiledPolicy& policy, http::Scheme scheme, std::string_view host, bool is_address,
                  std::uint16_t port);

}  // namespace sallyport::rules
