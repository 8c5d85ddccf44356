#include "rules/rule.h"

#include <algorithm>

namespace sallyport::rules {
namespace {

// About raw connections only.
bool is_raw_grant(const Rule& rule) { return rule.tcp && !rule.deny; }

bool matches_port(const Rule& rule, http::Scheme scheme, std::uint16_t port) {
    if (!rule.ports.empty()) return std::find(rule.ports.begin(), rule.ports.end(), port) != rule.ports.end();
    return rule.deny || port == http::default_port(scheme);
}

bool matches_scheme(const Rule& rule, http::Scheme scheme) {
    return scheme == http::Scheme::https ? rule.https : rule.http;
}

bool matches_method(const Rule& rule, std::string_view method) {
    return rule.methods.empty() || std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
}

// allow: the field is there and every occurrence matches. deny: one does.
bool matches_header(const HeaderCondition& condition, const http::HeaderMap& headers, Purpose purpose) {
    bool is_present = false;
    for (const auto field : headers) {
        if (!http::equals_ignoring_case(field.name, condition.name)) continue;
        const bool matches = condition.value.matches(field.value);
        if (matches == (purpose == Purpose::deny)) return matches;
        is_present = true;
    }
    return purpose == Purpose::allow && is_present;
}

// The first condition that fails; null for none.
template <class Conditions, class Matches>
auto find_failing(const Conditions& conditions, Matches matches) -> decltype(conditions.data()) {
    const auto failing = std::find_if_not(conditions.begin(), conditions.end(), matches);
    return failing == conditions.end() ? nullptr : &*failing;
}

const QueryCondition* failing_query(const Rule& rule, std::string_view query) {
    const Purpose purpose = rule.deny ? Purpose::deny : Purpose::allow;
    return find_failing(rule.query, [&](const QueryCondition& each) { return matches_query(each, query, purpose); });
}

const HeaderCondition* failing_header(const Rule& rule, const http::HeaderMap& headers) {
    const Purpose purpose = rule.deny ? Purpose::deny : Purpose::allow;
    return find_failing(rule.headers,
                        [&](const HeaderCondition& each) { return matches_header(each, headers, purpose); });
}

bool matches_path(const Rule& rule, const std::string& path) {
    const auto matches = [&](const Glob& glob) { return glob.matches(path); };
    return std::any_of(rule.paths.begin(), rule.paths.end(), matches);
}

RuleCheck no(Mismatch why, std::string_view name = {}) { return {RuleMatch::no, why, name}; }

RuleCheck check_conditions(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    if (!matches_method(rule, request.method)) return no(Mismatch::method);
    if (const auto* query = failing_query(rule, request.target.query)) return no(Mismatch::query, query->name);
    if (const auto* header = failing_header(rule, headers)) return no(Mismatch::header, header->name);
    if (rule.paths.empty()) return {RuleMatch::yes};
    if (request.target.ambiguous) return {rule.deny ? RuleMatch::yes : RuleMatch::ambiguous_path};
    return matches_path(rule, request.target.path) ? RuleCheck{RuleMatch::yes} : no(Mismatch::path);
}

}  // namespace

bool matches_host(const Rule& rule, std::string_view host, bool is_address) {
    if (!is_address) {
        return std::any_of(rule.hosts.begin(), rule.hosts.end(),
                           [&](const HostPattern& pattern) { return matches(pattern, host); });
    }
    if (std::find(rule.addresses.begin(), rule.addresses.end(), host) != rule.addresses.end()) return true;
    if (!rule.is_for_networks_alone()) return false;
    const auto address = parse_ip(host);
    return address && std::any_of(rule.networks.begin(), rule.networks.end(),
                                  [&](const Network& network) { return network.contains(*address); });
}

bool matches_endpoint(const Rule& rule, http::Scheme scheme, std::uint16_t port) {
    return !is_raw_grant(rule) && matches_scheme(rule, scheme) && matches_port(rule, scheme, port);
}

bool matches_raw_endpoint(const Rule& rule, std::uint16_t port) {
    if (is_raw_grant(rule)) return matches_port(rule, http::Scheme::https, port);
    return matches_endpoint(rule, http::Scheme::https, port) || matches_endpoint(rule, http::Scheme::http, port);
}

RuleCheck check_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    if (is_raw_grant(rule)) return no(Mismatch::raw_tcp);
    const bool lacks_tls = !matches_scheme(rule, request.scheme);
    if (lacks_tls && (rule.credential < 0 || request.scheme == http::Scheme::https)) return no(Mismatch::scheme);
    if (!matches_port(rule, request.scheme, request.authority.port)) return no(Mismatch::port);
    if (rule.passthrough) return no(Mismatch::passthrough);
    const RuleCheck check = check_conditions(rule, request, headers);
    return lacks_tls && check.match == RuleMatch::yes ? RuleCheck{RuleMatch::cleartext, Mismatch::scheme} : check;
}

RuleMatch match_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    return check_rule(rule, request, headers).match;
}

}  // namespace sallyport::rules
