#include "rules/rule.h"

#include <algorithm>

namespace sallyport::rules {
namespace {

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

bool matches_fields(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    const Purpose purpose = rule.deny ? Purpose::deny : Purpose::allow;
    const auto query_matches = [&](const QueryCondition& condition) {
        return matches_query(condition, request.target.query, purpose);
    };
    const auto header_matches = [&](const HeaderCondition& condition) {
        return matches_header(condition, headers, purpose);
    };
    return std::all_of(rule.query.begin(), rule.query.end(), query_matches) &&
           std::all_of(rule.headers.begin(), rule.headers.end(), header_matches);
}

bool matches_path(const Rule& rule, const std::string& path) {
    const auto matches = [&](const Glob& glob) { return glob.matches(path); };
    return std::any_of(rule.paths.begin(), rule.paths.end(), matches);
}

}  // namespace

bool matches_endpoint(const Rule& rule, http::Scheme scheme, std::uint16_t port) {
    return matches_scheme(rule, scheme) && matches_port(rule, scheme, port);
}

RuleMatch match_rule(const Rule& rule, const http::CanonicalRequest& request, const http::HeaderMap& headers) {
    const bool lacks_tls = !matches_scheme(rule, request.scheme);
    if (lacks_tls && (rule.credential < 0 || request.scheme == http::Scheme::https)) return RuleMatch::no;
    if (!matches_port(rule, request.scheme, request.authority.port)) return RuleMatch::no;
    if (!matches_method(rule, request.method) || !matches_fields(rule, request, headers)) return RuleMatch::no;
    if (!rule.paths.empty()) {
        if (request.target.ambiguous) return rule.deny ? RuleMatch::yes : RuleMatch::ambiguous_path;
        if (!matches_path(rule, request.target.path)) return RuleMatch::no;
    }
    return lacks_tls ? RuleMatch::cleartext : RuleMatch::yes;
}

}  // namespace sallyport::rules
