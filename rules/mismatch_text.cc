#include "rules/mismatch_text.h"

#include <algorithm>

#include "rules/diagnostics.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kListedMax = 6;

// "a, b and 3 more"
template <class Items, class ToText>
std::string listed(const Items& items, ToText to_text) {
    std::string text;
    std::size_t count = 0;
    for (const auto& item : items) {
        if (count == kListedMax) return text + " and " + std::to_string(items.size() - count) + " more";
        if (count++ > 0) text += ", ";
        text += to_text(item);
    }
    return text;
}

std::string as_is(const std::string& text) { return text; }

std::string hosts_of(const Rule& rule) {
    const std::string names = listed(rule.hosts, [](const HostPattern& pattern) { return to_string(pattern); });
    const std::string addresses = listed(rule.addresses, as_is);
    if (!names.empty() && !addresses.empty()) return names + ", " + addresses;
    if (!names.empty() || !addresses.empty()) return names + addresses;
    return "addresses in " + listed(rule.network_texts, as_is);
}

std::string other_host(const Rule& rule, const http::Authority& authority) {
    std::string text = "the host is " + authority.host + ", and the rule is for " + hosts_of(rule);
    const auto is_apex = [&](const HostPattern& pattern) {
        return pattern.has_wildcard() && pattern.suffix == authority.host;
    };
    if (std::any_of(rule.hosts.begin(), rule.hosts.end(), is_apex)) text += " (a wildcard is not the name itself)";
    return text;
}

std::string other_port(const Rule& rule, std::uint16_t port) {
    const std::string text = "the port is " + std::to_string(port) + ", and the rule is for ";
    if (rule.ports.empty()) return text + "the scheme's own";
    return text + listed(rule.ports, [](std::uint16_t each) { return std::to_string(each); });
}

// Asks with a name that no request has.
bool is_ambiguous(std::string_view query) {
    static const Glob kNothing = *Glob::compile("", GlobKind::text);
    return matches_query({"\x01", kNothing}, query, Purpose::deny);
}

std::string other_query(const Rule& rule, std::string_view name, std::string_view query) {
    static const Glob kAny = *Glob::compile("*", GlobKind::text);
    const auto condition = std::find_if(rule.query.begin(), rule.query.end(),
                                        [&](const QueryCondition& each) { return each.name == name; });
    const std::string key = "query key " + quote(name);
    const std::string pattern = condition == rule.query.end() ? std::string() : quote(condition->value.text());
    if (rule.deny) return "no value of the " + key + " matches " + pattern;
    if (is_ambiguous(query)) return "the query holds ';', NUL or a broken percent-encoding: origins would differ";
    if (!matches_query({std::string(name), kAny}, query, Purpose::allow)) return "there is no " + key;
    return "a value of the " + key + " does not match " + pattern;
}

std::string other_header(const Rule& rule, std::string_view name, const http::HeaderMap& headers) {
    const auto condition = std::find_if(rule.headers.begin(), rule.headers.end(), [&](const HeaderCondition& each) {
        return http::equals_ignoring_case(each.name, name);
    });
    const std::string pattern = condition == rule.headers.end() ? std::string() : quote(condition->value.text());
    const std::string header = "header " + std::string(name);
    if (!headers.has(name)) return "there is no " + header;
    if (rule.deny) return "no value of the " + header + " matches " + pattern;
    return "a value of the " + header + " does not match " + pattern;
}

std::string schemes_of(const Rule& rule) {
    if (rule.http && rule.https) return "http and https";
    return rule.http ? "http" : "https";
}

std::string other_condition(const Rule& rule, const RuleCheck& check, const AskedRequest& asked) {
    const http::CanonicalRequest& request = asked.request;
    switch (check.why) {
        case Mismatch::host: return other_host(rule, request.authority);
        case Mismatch::raw_tcp: return "it is about raw connections, and this is a request";
        case Mismatch::scheme:
            return std::string("the scheme is ") + http::to_string(request.scheme) + ", and the rule is for " +
                   schemes_of(rule);
        case Mismatch::port: return other_port(rule, request.authority.port);
        case Mismatch::passthrough: return "it passes connections through, and this one is intercepted";
        case Mismatch::method:
            return "the method is " + request.method + ", and the rule has " + listed(rule.methods, as_is);
        case Mismatch::query: return other_query(rule, check.name, request.target.query);
        case Mismatch::header: return other_header(rule, check.name, asked.headers);
        case Mismatch::path:
            return "the path is " + request.target.path + ", and the rule has " +
                   listed(rule.paths, [](const Glob& glob) { return glob.text(); });
        case Mismatch::none: break;
    }
    return "it does not match";
}

}  // namespace

std::string why(const Rule& rule, const AskedRequest& asked) {
    const http::Authority& authority = asked.request.authority;
    if (!matches_host(rule, authority.host, authority.is_address)) return other_host(rule, authority);
    const RuleCheck check = check_rule(rule, asked.request, asked.headers);
    switch (check.match) {
        case RuleMatch::no: return other_condition(rule, check, asked);
        case RuleMatch::yes: return rule.deny ? "it matches, and a deny wins wherever it stands" : "it matches";
        case RuleMatch::ambiguous_path:
            return "it looks at the path, and " + asked.request.target.raw_path + " could be read as another one";
        case RuleMatch::cleartext: break;
    }
    return "it would match over https; its credential does not go over cleartext";
}

std::string why_not_raw(const Rule& rule, Traffic traffic, const http::Authority& authority) {
    if (!matches_host(rule, authority.host, authority.is_address)) return other_host(rule, authority);
    const bool is_about = traffic == Traffic::raw ? matches_raw_endpoint(rule, authority.port)
                                                  : matches_endpoint(rule, http::Scheme::https, authority.port);
    if (is_about) return rule.deny ? "it denies what goes to this host and port" : "it matches";
    const bool has_port =
        rule.ports.empty() || std::find(rule.ports.begin(), rule.ports.end(), authority.port) != rule.ports.end();
    if (rule.tcp && has_port) return "it is about raw connections";
    return has_port && !rule.ports.empty() ? "the rule is for " + schemes_of(rule) : other_port(rule, authority.port);
}

std::string shown(std::string_view name) {
    const bool is_plain =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
    return is_plain ? std::string(name) : quote(name);
}

}  // namespace sallyport::rules
