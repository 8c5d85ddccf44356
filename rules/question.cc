#include "rules/question.h"

#include <algorithm>
#include <optional>

#include "http/authority.h"
#include "http/characters.h"
#include "http/http1_codec.h"

namespace sallyport::rules {
namespace {

struct Url {
    http::Scheme scheme = http::Scheme::https;
    std::string_view authority;
    std::string_view target;  // path and query; may be empty
};

Result<Url> split(std::string_view text) {
    const auto begins = [&](std::string_view scheme) {
        return http::equals_ignoring_case(text.substr(0, scheme.size()), scheme);
    };
    Url url;
    if (begins("http://")) {
        url.scheme = http::Scheme::http;
    } else if (!begins("https://")) {
        return failure(ErrorCode::bad_request, "a URL begins with https:// or http://");
    }
    text.remove_prefix(text.find("//") + 2);
    text = text.substr(0, text.find('#'));
    const auto end = std::min(text.find_first_of("/?"), text.size());
    url.authority = text.substr(0, end);
    url.target = text.substr(end);
    return url;
}

std::string target_of(const Question& question, const Url& url) {
    if (url.target.starts_with('/')) return std::string(url.target);
    // RFC 9112 section 3.2.4.
    if (url.target.empty() && question.method == "OPTIONS") return "*";
    return "/" + std::string(url.target);
}

Result<http::RequestHead> head_of(const Question& question, const Url& url) {
    const http::Http1Limits limits;
    http::RequestHead head;
    head.method = question.method;
    head.target = target_of(question, url);
    if (head.target.size() > limits.target_bytes_max) return failure(ErrorCode::uri_too_long);
    for (const auto& header : question.headers) head.headers.add(header.first, http::trim(header.second));
    if (!head.headers.has("Host")) head.headers.add("Host", url.authority);
    const bool is_too_large = head.headers.size() > limits.header_count_max ||
                              head.headers.wire_size() + head.target.size() > limits.header_bytes_max;
    if (is_too_large) return failure(ErrorCode::header_too_large);
    return head;
}

// Of protocols one may change to, WebSocket alone goes through; h2c is an offer that is passed over. The rest of a
// WebSocket handshake is not looked at.
Result<bool> asks_for_websocket(const http::HeaderMap& headers) {
    bool names_upgrade = false;
    for (const auto field : headers) {
        if (!http::equals_ignoring_case(field.name, "Connection")) continue;
        http::for_each_list_element(field.value, [&](std::string_view option) {
            names_upgrade = names_upgrade || http::equals_ignoring_case(option, "Upgrade");
        });
    }
    const auto protocol = headers.get("Upgrade");
    if (!names_upgrade || !protocol || http::equals_ignoring_case(*protocol, "h2c")) return false;
    if (http::equals_ignoring_case(*protocol, "websocket") && headers.count("Upgrade") == 1) return true;
    return failure(ErrorCode::upgrade_refused);
}

}  // namespace

Result<AskedRequest> ask(const Question& question) {
    const auto url = split(question.url);
    if (!url) return failure(url.error());
    const auto connected = http::parse_authority(url->authority, url->scheme);
    if (!connected) return failure(connected.error());
    auto head = head_of(question, *url);
    if (!head) return failure(head.error());
    auto canonical = http::validate_request(*head, url->scheme);
    if (!canonical) return failure(canonical.error());
    if (!http::is_supported_method(question.method)) return failure(ErrorCode::bad_request, "a method that is not known; methods are upper case");
    if (canonical->authority != *connected) return failure(ErrorCode::misdirected, "Host is not the URL's");
    const auto websocket = asks_for_websocket(head->headers);
    if (!websocket) return failure(websocket.error());
    if (auto removed = http::remove_hop_by_hop(*head); !removed) return failure(removed.error());
    return AskedRequest{std::move(*canonical), std::move(head->headers), *websocket};
}

std::string reason_of_refusal(const Error& error) {
    std::string reason(sentence(error.code));
    if (!error.detail.empty()) reason += " (" + error.detail + ')';
    return reason;
}

std::string to_string(const http::CanonicalRequest& request) {
    std::string text = request.method + ' ' + http::to_string(request.scheme) + "://" +
                       http::to_string(request.authority, request.scheme);
    if (request.target.raw_path != "*") text += request.target.raw_path;
    if (request.target.has_query) text += '?' + request.target.query;
    return text;
}

}  // namespace sallyport::rules
