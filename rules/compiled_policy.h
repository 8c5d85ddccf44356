// One policy of a file, indexed by host. Immutable once built; shared by the snapshots of every sandbox under it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/validate.h"
#include "rules/actions.h"
#include "rules/credential.h"
#include "rules/host_index.h"
#include "rules/rule.h"

namespace sallyport::rules {

struct CompiledPolicy {
    std::string name;
    std::string source_name;  // what diagnostics call the file it came from
    std::string source_json;  // the policy as it was written, as JSON
    // What `rules` was read from, as a JSON list, where that is not what was written: packs stand for rules of their own.
    std::string expanded_rules_json;
    bool default_allow = false;
    BlockAnswer blocked;
    std::shared_ptr<const LimitSpec> limit;  // for the policy as a whole; null for none
    // Handlers: at most one of script and socket.
    std::string script_file;  // as written: relative to the file's folder
    std::string handler_socket;
    std::map<std::string, std::string, std::less<>> handler_env;  // variable → secret
    HandlerLimits handler_limits;
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

// What one list of rules says about a request: the first rule, in the list's order, of each kind.
struct RequestFinding {
    const Rule* denying = nullptr;
    const Rule* matching = nullptr;   // an allow
    const Rule* cleartext = nullptr;  // an allow that would match over https
    bool is_path_ambiguous = false;   // for `matching`: it refuses the request
    bool looked_at_path = false;
};

// Allocates nothing.
RequestFinding look_up(const CompiledPolicy& policy, const http::CanonicalRequest& request,
                       const http::HeaderMap& headers);

// What the bytes of a connection are.
enum class Traffic { http, https, raw };

// What one list of rules says about connections to a host and port.
struct EndpointFinding {
    const Rule* denying = nullptr;       // whatever the request
    const Rule* denying_some = nullptr;  // some requests
    const Rule* matching = nullptr;      // the first allow for some request, or for the connection as a whole
};

EndpointFinding look_up_endpoint(const CompiledPolicy& policy, Traffic traffic, std::string_view host, bool is_address,
                                 std::uint16_t port);

}  // namespace sallyport::rules
