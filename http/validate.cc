#include "http/validate.h"

#include <algorithm>
#include <vector>

#include "http/characters.h"
#include "http/field_rules.h"

namespace sallyport::http {
namespace {

// What one pass over a request's fields finds.
struct RequestFields {
    std::size_t hosts = 0;
    std::string_view host;
    std::size_t expectations = 0;
    bool expects_continue = false;
};

Result<RequestFields> check_fields(const HeaderMap& headers) {
    RequestFields found;
    for (const auto [name, value] : headers) {
        if (!is_token(name)) return failure(ErrorCode::bad_request, "a field name that is no token");
        if (!is_field_value(value)) return failure(ErrorCode::bad_request, "a control character in a field");
        if (name.find('_') != std::string_view::npos && is_protected(name)) {
            return failure(ErrorCode::bad_request, "a field name that some origins read as another");
        }
        if (equals_ignoring_case(name, "Host")) {
            ++found.hosts;
            found.host = value;
        } else if (equals_ignoring_case(name, "Expect")) {
            ++found.expectations;
            found.expects_continue = equals_ignoring_case(value, "100-continue");
        }
    }
    return found;
}

// The scheme and authority of an absolute-form target must be the ones that are known already. Returns what follows.
Result<std::string_view> strip_origin(std::string_view target, Scheme scheme, const Authority& authority) {
    const std::size_t colon = target.find("://");
    if (colon == std::string_view::npos) return failure(ErrorCode::bad_path, "neither origin-form nor absolute-form");
    if (!equals_ignoring_case(target.substr(0, colon), to_string(scheme))) {
        return failure(ErrorCode::bad_authority, "the target's scheme is not the connection's");
    }
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
    const auto named = parse_authority(target.substr(0, end), scheme);
    if (!named) return failure(named.error());
    if (*named != authority) return failure(ErrorCode::bad_authority, "the target's authority is not the Host field's");
    return target.substr(end);
}

CanonicalTarget asterisk() {
    CanonicalTarget target;
    target.path = target.raw_path = "*";
    return target;
}

Result<CanonicalTarget> read_target(const RequestHead& head, Scheme scheme, const Authority& authority) {
    const bool options = head.method == "OPTIONS";
    std::string_view target = head.target;
    if (target.starts_with('/')) return canonical_target(target);
    if (target == "*" && !options) return failure(ErrorCode::bad_path, "* without OPTIONS");
    if (target == "*") return asterisk();
    const auto rest = strip_origin(target, scheme, authority);
    if (!rest) return failure(rest.error());
    // RFC 9112 section 3.2.4: OPTIONS on a whole origin.
    if (rest->empty() && options) return asterisk();
    if (rest->starts_with('/')) return canonical_target(*rest);
    return canonical_target("/" + std::string(*rest));
}

bool is_method_refused(std::string_view method) { return method == "CONNECT" || method == "TRACE"; }

// The options of all Connection fields that are not of every connection anyway. Views into the map.
std::vector<std::string_view> named_in_connection(const HeaderMap& headers) {
    std::vector<std::string_view> names;
    for (const auto [name, value] : headers) {
        if (!equals_ignoring_case(name, "Connection")) continue;
        for_each_list_element(value, [&](std::string_view option) {
            const bool framing = equals_ignoring_case(option, "Transfer-Encoding");
            const bool usual = equals_ignoring_case(option, "close") || is_hop_by_hop(option);
            if (framing || !usual) names.push_back(option);
        });
    }
    return names;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
    for (const std::string_view each : names) {
        if (equals_ignoring_case(each, name)) return true;
    }
    return false;
}

}  // namespace

Result<CanonicalRequest> validate_request(const RequestHead& head, Scheme scheme) {
    if (!is_token(head.method)) return failure(ErrorCode::bad_request, "a method that is no token");
    if (is_method_refused(head.method)) return failure(ErrorCode::method_refused, head.method);
    const auto fields = check_fields(head.headers);
    if (!fields) return failure(fields.error());
    if (fields->hosts != 1) return failure(ErrorCode::bad_authority, fields->hosts == 0 ? "no Host" : "two Hosts");
    if (fields->expectations > 1 || (fields->expectations == 1 && !fields->expects_continue)) {
        return failure(ErrorCode::expectation_failed);
    }
    auto authority = parse_authority(fields->host, scheme);
    if (!authority) return failure(authority.error());
    auto target = read_target(head, scheme, *authority);
    if (!target) return failure(target.error());
    return CanonicalRequest{head.method, scheme, std::move(*authority), std::move(*target)};
}

Result<void> validate_response(const ResponseHead& head) {
    if (head.status < 100 || head.status > 999)
        return failure(ErrorCode::origin_bad_response, "a status outside 100..999");
    if (head.status == 101) return failure(ErrorCode::origin_upgrade);
    if (!is_field_value(head.reason))
        return failure(ErrorCode::origin_bad_response, "a control character in the reason");
    for (const auto [name, value] : head.headers) {
        if (!is_token(name)) return failure(ErrorCode::origin_bad_response, "a field name that is no token");
        if (!is_field_value(value)) return failure(ErrorCode::origin_bad_response, "a control character in a field");
    }
    return {};
}

Result<void> remove_hop_by_hop(RequestHead& head) {
    const auto named = named_in_connection(head.headers);
    for (const std::string_view name : named) {
        if (is_protected(name)) return failure(ErrorCode::bad_request, "Connection names a field that is not its own");
    }
    head.headers.remove_if([&](const HeaderMap::Field& field) {
        return is_hop_by_hop(field.name) || equals_ignoring_case(field.name, "Content-Length") ||
               contains(named, field.name);
    });
    return {};
}

void remove_hop_by_hop(ResponseHead& head) {
    const auto named = named_in_connection(head.headers);
    // RFC 9110 section 8.6: a length tells something without a body only in answers to HEAD and in 304.
    const bool keeps_length = head.body.kind == BodyKind::none && head.status >= 200 && head.status != 204;
    head.headers.remove_if([&](const HeaderMap::Field& field) {
        if (equals_ignoring_case(field.name, "Content-Length")) return !keeps_length;
        return is_hop_by_hop(field.name) || equals_ignoring_case(field.name, "Alt-Svc") || contains(named, field.name);
    });
}

void keep_allowed_trailers(HeaderMap& trailers) {
    trailers.remove_if([](const HeaderMap::Field& field) { return !may_be_trailer(field.name); });
}

}  // namespace sallyport::http
