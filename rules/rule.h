// One rule of a policy, as checked at load, and whether it matches a request whose host it names. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/validate.h"
#include "rules/diagnostics.h"
#include "rules/glob.h"
#include "rules/host_pattern.h"
#include "rules/network.h"
#include "rules/query.h"

namespace sallyport::rules {

struct HeaderCondition {
    std::string name;
    Glob value;
};

struct Rule {
    std::string label;  // its name, or "rules[3]"
    Place place;

    // Names, or address literals in canonical text, or neither and networks.
    std::vector<HostPattern> hosts;
    std::vector<std::string> addresses;
    // With hosts: the private networks that they may resolve into. Alone: the literals that the rule is about.
    std::vector<Network> networks;
    std::vector<std::string> network_texts;

    // What follows narrows the rule; empty is no condition, except that an allow without ports means the scheme's own.
    std::vector<std::uint16_t> ports;
    bool http = true;
    bool https = true;
    std::vector<std::string> methods;
    std::vector<Glob> paths;  // canonical
    std::vector<QueryCondition> query;
    std::vector<HeaderCondition> headers;

    bool deny = false;
    bool allow_cleartext_credential = false;
    int credential = -1;  // in CompiledPolicy::credentials

    bool is_for_networks_alone() const { return hosts.empty() && addresses.empty(); }
    // Nothing but host, port and scheme decides.
    bool is_about_requests() const { return !methods.empty() || !paths.empty() || !query.empty() || !headers.empty(); }
};

enum class RuleMatch {
    no,
    yes,
    ambiguous_path,  // it would match, but the path could be read as another one
    cleartext,       // it would match over https, and its credential may not go over http
};

// Port and scheme only. A deny without `port` is about every port: whoever blocks a host does not mean two doors of it.
bool matches_endpoint(const Rule& rule, http::Scheme scheme, std::uint16_t port);

// For a request to a host of the rule. A deny is never narrowed by what is ambiguous: it matches.
RuleMatch match_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers);

}  // namespace sallyport::rules
