// One rule of a policy, as checked at load, and whether it matches a request whose host it names. Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/validate.h"
#include "rules/actions.h"
#include "rules/diagnostics.h"
#include "rules/exchange_options.h"
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
    ExchangeOptions exchange;
    bool allow_minting = false;  // the hosts' denials of rules/minting_denials.h are not for its sake

    // At most one of these five; none of them with `deny`.
    std::shared_ptr<const Respond> respond;
    std::shared_ptr<const Destination> upstream;
    std::shared_ptr<const HandlerRef> handler;
    bool passthrough = false;  // tls: passthrough
    bool tcp = false;          // about raw connections only: no request is ever matched
    std::shared_ptr<const LimitSpec> limit;
    std::string limit_key;  // where there is a limit: as in Decision
    bool h2c = false;       // `h2c: true`: over cleartext, its origin is spoken to in HTTP/2 with prior knowledge, and clients may
    bool websocket = true;  // `websocket: false` refuses upgrades that the rule would let through

    bool is_for_networks_alone() const { return hosts.empty() && addresses.empty(); }
    // Nothing but host, port and scheme decides.
    bool is_about_requests() const { return !methods.empty() || !paths.empty() || !query.empty() || !headers.empty(); }
};

// Why a rule does not match, in the order in which they are looked at.
enum class Mismatch { none, host, raw_tcp, scheme, port, passthrough, method, query, header, path };

enum class RuleMatch {
    no,
    yes,
    ambiguous_path,  // it would match, but the path could be read as another one
    cleartext,       // it would match over https, and its credential may not go over http
};

struct RuleCheck {
    RuleMatch match = RuleMatch::no;
    // Where `match` is no: the first condition that fails; where it is cleartext: scheme.
    Mismatch why = Mismatch::none;
    std::string_view name;  // of the query key or header that fails; in the rule
};

// Whether a name or a literal (canonical) is one of the rule's.
bool matches_host(const Rule& rule, std::string_view host, bool is_address);

// Port and scheme only. A deny without `port` is about every port: whoever blocks a host does not mean two doors of it.
// An allow with `tcp` is about no scheme, a deny with it about every one.
bool matches_endpoint(const Rule& rule, http::Scheme scheme, std::uint16_t port);
// The same for bytes that nobody looks at: they may be of any scheme, or of none.
bool matches_raw_endpoint(const Rule& rule, std::uint16_t port);

// For a request to a host of the rule. A deny is never narrowed by what is ambiguous: it matches.
RuleCheck check_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers);
RuleMatch match_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers);

}  // namespace sallyport::rules
