#include "admin/routes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "admin/limits.h"
#include "http/characters.h"

namespace sallyport::admin {
namespace {

using enum Operation;
using enum Access;

constexpr std::array kRoutes = {
    Route{"GET", "/v1/policies", list_policies, operators},
    Route{"GET", "/v1/policies/{name}", get_policy, operators},
    Route{"PUT", "/v1/policies/{name}", put_policy, operators, BodyForm::policy, kBodyBytesMax},
    Route{"DELETE", "/v1/policies/{name}", delete_policy, operators},
    Route{"GET", "/v1/sandbox/{id}/egress", get_egress, own_sandbox},
    Route{"PUT", "/v1/sandbox/{id}/egress", put_egress, own_sandbox, BodyForm::json, kBodyBytesMax},
    Route{"DELETE", "/v1/sandbox/{id}/egress", delete_egress, own_sandbox},
    Route{"PUT", "/v1/sandbox/{id}/egress/hosts/{host}", put_host_handler, own_sandbox, BodyForm::json,
          kSmallBodyBytesMax},
    Route{"DELETE", "/v1/sandbox/{id}/egress/hosts/{host}", delete_host_handler, own_sandbox},
    Route{"PUT", "/v1/sandbox/{id}/egress/handler", put_handler, own_sandbox, BodyForm::json, kSmallBodyBytesMax},
    Route{"DELETE", "/v1/sandbox/{id}/egress/handler", delete_handler, own_sandbox},
    Route{"POST", "/v1/sandbox/{id}/proxy_credential", make_proxy_credential, operators},
    Route{"DELETE", "/v1/sandbox/{id}/proxy_credential", revoke_proxy_credential, operators},
    Route{"POST", "/v1/explain", explain, filtered, BodyForm::json, kSmallBodyBytesMax},
    Route{"GET", "/v1/secrets", list_secrets, operators},
    Route{"POST", "/v1/secrets/{name}/refresh", refresh_secret, operators},
    Route{"GET", "/v1/events", events, filtered},
    Route{"GET", "/v1/connections", list_connections, filtered},
    Route{"DELETE", "/v1/connections/{id}", close_connection, filtered},
    Route{"GET", "/metrics", metrics, operators},
    Route{"GET", "/healthz", health, known},
    Route{"GET", "/readyz", ready, known},
    Route{"GET", "/openapi.json", openapi, known},
};

tl::unexpected<Reply> bad_request(std::string_view why) {
    return tl::unexpected(Reply::failed(400, "bad_request", why));
}

std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

// Percent-decoded; nothing where that is not a printable name.
std::optional<std::string> decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? http::hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? http::hex_value(text[i + 2]) : -1;
        if (low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    const bool fits = !decoded.empty() && decoded.size() <= kNameBytesMax;
    if (!fits || !http::is_field_value(decoded) || decoded.find('/') != std::string::npos) return std::nullopt;
    return decoded;
}

// The raw names of `pattern` in `path`, or nothing where it is another path.
std::optional<std::vector<std::string_view>> match_path(std::string_view pattern, std::string_view path) {
    std::vector<std::string_view> names;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view expected = next_segment(pattern);
        const std::string_view segment = next_segment(path);
        if (expected.starts_with('{') && !segment.empty()) {
            names.push_back(segment);
        } else if (expected != segment) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return names;
}

// A stream of events has no length and no end to tell of.
bool answers_head(const Route& route) { return route.method == "GET" && route.operation != events; }

Reply method_not_allowed(const std::set<std::string_view>& methods) {
    std::string allow;
    for (const std::string_view method : methods) {
        if (!allow.empty()) allow += ", ";
        allow += method;
    }
    Reply reply = Reply::failed(405, "method_not_allowed", "this path has no such method");
    reply.headers.emplace_back("Allow", allow);
    return reply;
}

tl::expected<Match, Reply> decoded_match(const Route& route, const std::vector<std::string_view>& raw_names) {
    Match match{&route, {}};
    for (const std::string_view raw : raw_names) {
        auto name = decode(raw);
        if (!name) return bad_request("a name in the path is too long or not printable");
        match.names.push_back(std::move(*name));
    }
    return match;
}

std::vector<std::string> split_types(std::string_view list) {
    std::vector<std::string> types;
    http::for_each_list_element(list, [&](std::string_view type) { types.emplace_back(type); });
    return types;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

tl::expected<Match, Reply> match_route(std::string_view method, const http::CanonicalTarget& target) {
    if (target.ambiguous) return bad_request("the path can be read in more than one way");
    std::set<std::string_view> methods;
    if (!target.path.starts_with('/')) return tl::unexpected(Reply::failed(404, "not_found", "there is no such path"));
    for (const Route& route : kRoutes) {
        const auto names = match_path(route.path, target.path);
        if (!names) continue;
        if (route.method == method || (method == "HEAD" && answers_head(route))) return decoded_match(route, *names);
        methods.insert(route.method);
        if (answers_head(route)) methods.insert("HEAD");
    }
    if (methods.empty()) return tl::unexpected(Reply::failed(404, "not_found", "there is no such path"));
    return tl::unexpected(method_not_allowed(methods));
}

tl::expected<EventQuery, Reply> parse_query(const Route& route, const http::CanonicalTarget& target) {
    EventQuery query;
    std::set<std::string> seen;
    std::string_view rest = target.query;
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equals = pair.find('=');
        const auto key = decode(pair.substr(0, equals));
        const auto value = equals == std::string_view::npos ? std::nullopt : decode(pair.substr(equals + 1));
        const bool is_known = route.operation == events && key && (*key == "sandbox" || *key == "type");
        if (!is_known) return bad_request("the query has a key that this call does not know");
        if (!value) return bad_request("a value in the query is empty, too long or not printable");
        if (!seen.insert(*key).second) return bad_request("a key is in the query twice");
        if (*key == "sandbox") query.sandbox = *value;
        if (*key == "type") query.types = split_types(*value);
    }
    for (const std::string& type : query.types) {
        if (std::ranges::find(kEventTypes, type) == kEventTypes.end()) return bad_request("there is no such event type");
    }
    return query;
}

}  // namespace sallyport::admin
