#include "rules/action_reader.h"

#include <algorithm>
#include <array>

#include "http/header_map.h"
#include "rules/fields.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 3> kRespondKeys{"status", "headers", "body"};
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kHandlerNameBytesMax = 128;

// Fields that frame a message are the gate's to write; those that begin with X-Sallyport- are its own.
constexpr std::array<std::string_view, 8> kGateFields{
    "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
};
constexpr std::string_view kGatePrefix = "x-sallyport-";

bool is_gate_field(std::string_view name) {
    const auto same = [&](std::string_view field) { return http::equals_ignoring_case(field, name); };
    return std::any_of(kGateFields.begin(), kGateFields.end(), same) ||
           http::equals_ignoring_case(name.substr(0, kGatePrefix.size()), kGatePrefix);
}

void read_response_headers(const Node& node, Respond& respond, Reporter& reporter) {
    if (!expect_map(node, "\"headers\"", reporter)) return;
    if (node.entries.size() > kHeadersMax) return reporter.error(node.place, "an answer has 64 headers at most");
    for (const Entry& entry : node.entries) {
        if (!is_token(entry.key)) {
            reporter.error(entry.place, quote(entry.key) + " is not the name of a header");
        } else if (is_gate_field(entry.key)) {
            reporter.error(entry.place, "the header " + quote(entry.key) + " is written by the gate");
        } else if (const auto value = read_field_value(entry.value, entry.key, reporter)) {
            respond.headers.emplace_back(entry.key, *value);
        }
    }
}

bool has_no_content(int status) { return status == 204 || status == 205 || status == 304; }

}  // namespace

std::shared_ptr<const Respond> read_respond(const Node& node, Reporter& reporter) {
    if (!expect_map(node, "\"respond\"", {kRespondKeys}, reporter)) return nullptr;
    auto respond = std::make_shared<Respond>();
    if (const Node* status = find(node, "status")) {
        respond->status = static_cast<int>(read_number(*status, "status", 200, 599, reporter).value_or(200));
    }
    if (const Node* headers = find(node, "headers")) read_response_headers(*headers, *respond, reporter);
    if (const Node* body = find(node, "body")) {
        respond->body = read_body(*body, "body", reporter).value_or("");
        if (!respond->body.empty() && has_no_content(respond->status)) {
            reporter.error(body->place, "an answer with status " + std::to_string(respond->status) + " has no body");
        }
    }
    return respond;
}

std::shared_ptr<const Destination> read_upstream(const Node& node, Reporter& reporter) {
    const auto text = read_text(node, "upstream", reporter);
    if (!text) return nullptr;
    const bool is_https = text->starts_with("https://");
    std::string_view authority = *text;
    if (is_https || text->starts_with("http://")) {
        authority.remove_prefix(is_https ? 8 : 7);
        if (authority.ends_with('/')) authority.remove_suffix(1);
        const auto scheme = is_https ? http::Scheme::https : http::Scheme::http;
        // Its errors cover '/', '?', '#' and '@' too.
        if (auto parsed = http::parse_authority(authority, scheme)) {
            return std::make_shared<const Destination>(Destination{scheme, std::move(*parsed)});
        }
    }
    reporter.error(node.place, quote(*text) +
                                   " is not a destination: a scheme, a host and perhaps a port, such as "
                                   "\"https://staging.example:8443\"");
    return nullptr;
}

std::shared_ptr<const HandlerRef> read_handler(const Node& node, Reporter& reporter) {
    const auto name = read_text(node, "handler", reporter);
    if (!name) return nullptr;
    if (name->size() > kHandlerNameBytesMax) {
        reporter.error(node.place, "a handler's name has 128 bytes at most");
        return nullptr;
    }
    return std::make_shared<const HandlerRef>(HandlerRef{HandlerKind::rule, std::string(*name), ""});
}

}  // namespace sallyport::rules
