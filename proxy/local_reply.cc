#include "proxy/local_reply.h"

#include <string>

#include "base/json.h"
#include "http/validate.h"
#include "proxy/access_log.h"
#include "proxy/grpc_status.h"

namespace sallyport::proxy {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 410: return "Gone";
        case 414: return "URI Too Long";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 451: return "Unavailable For Legal Reasons";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return status < 400 ? "Answer" : "Error";
    }
}

std::string json_body(const LocalReply& reply) {
    std::string body;
    JsonLine json(body);
    json.field("error", tag(reply.error)).field("reason", sentence(reply.error));
    if (!reply.rule.empty()) json.field("rule", reply.rule);
    json.field("request_id", to_string(reply.request_id)).close();
    body += '\n';
    return body;
}

std::string value_of(std::string_view name, const LocalReply& reply) {
    if (name == "error") return std::string(tag(reply.error));
    if (name == "reason") return std::string(sentence(reply.error));
    if (name == "rule") return std::string(reply.rule);
    if (name == "request_id") return to_string(reply.request_id);
    return {};
}

// Inside of quotes that the template has: a rule's name may hold some.
std::string json_escaped(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted.substr(1, quoted.size() - 2);
}

std::string fill_in(std::string_view text, const LocalReply& reply, bool is_json) {
    std::string out;
    for (;;) {
        const std::size_t begin = text.find("${");
        const std::size_t end = begin == text.npos ? text.npos : text.find('}', begin);
        out += text.substr(0, end == text.npos ? text.npos : begin);
        if (end == text.npos) return out;
        const std::string value = value_of(text.substr(begin + 2, end - begin - 2), reply);
        out += is_json ? json_escaped(value) : value;
        text.remove_prefix(end + 1);
    }
}

bool is_refusal(ErrorCode error) {
    const Blame who = blame(error);
    return who == Blame::policy || who == Blame::operator_config;
}

void add_connection(http::ResponseHead& head, bool keep_alive, bool http_1_0) {
    if (!keep_alive) head.headers.add("Connection", "close");
    else if (http_1_0) head.headers.add("Connection", "keep-alive");
}

// Fills in status, type and body.
void apply(const rules::BlockAnswer& blocked, const LocalReply& reply, http::ResponseHead& head, std::string& body) {
    if (head.status == 403) head.status = blocked.status;
    if (!blocked.body) return;
    std::string_view type = blocked.content_type;
    if (type.empty()) type = "text/plain; charset=utf-8";
    head.headers.set("Content-Type", type);
    body = fill_in(*blocked.body, reply, type.find("json") != type.npos);
}

// Trailers only: what a client of gRPC makes of anything else is a guess.
WrittenReply write_grpc_reply(http::ResponseWriter& out, const LocalReply& reply) {
    http::ResponseHead head;
    head.status = 200;
    head.headers.add("Content-Type", "application/grpc");
    head.headers.add("grpc-status", std::to_string(static_cast<int>(grpc_status(reply.error))));
    std::string message = std::string(tag(reply.error)) + ": " + std::string(sentence(reply.error));
    if (!reply.rule.empty()) message += " (rule " + std::string(reply.rule) + ")";
    message += ", request " + to_string(reply.request_id);
    head.headers.add("grpc-message", grpc_message(message));
    head.headers.add("x-sallyport-verdict", is_refusal(reply.error) ? "deny" : "error");
    out.write_head(head);
    out.write_end({});
    return {head.status, 0};
}

}  // namespace

WrittenReply write_local_reply(http::ResponseWriter& out, const LocalReply& reply) {
    if (reply.is_grpc) return write_grpc_reply(out, reply);
    std::string body = json_body(reply);
    http::ResponseHead head;
    head.status = http_status(reply.error);
    head.headers.add("Content-Type", "application/json");
    if (reply.blocked != nullptr && is_refusal(reply.error)) apply(*reply.blocked, reply, head, body);
    head.reason = reason_phrase(head.status);
    head.headers.add("Cache-Control", "no-store");
    head.headers.add("x-sallyport-verdict", is_refusal(reply.error) ? "deny" : "error");
    if (head.status == 405) head.headers.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (head.status == 407) head.headers.add("Proxy-Authenticate", "Basic realm=\"sallyport\"");
    if (reply.error == ErrorCode::rate_limited) head.headers.add("Retry-After", std::to_string(reply.retry_after.count()));
    add_connection(head, reply.keep_alive, reply.http_1_0);
    head.body = {http::BodyKind::length, body.size()};
    out.write_head(head);
    if (!reply.to_head_request) out.write_body(body);
    out.write_end({});
    return {head.status, reply.to_head_request ? 0 : body.size()};
}

std::size_t write_rule_reply(http::ResponseWriter& out, const RuleReply& reply) {
    const rules::Respond& respond = reply.respond;
    http::ResponseHead head;
    head.status = respond.status;
    head.reason = reason_phrase(respond.status);
    for (const auto& [name, value] : respond.headers) head.headers.add(name, value);
    http::remove_hop_by_hop(head);
    head.headers.remove("Content-Length");
    add_connection(head, reply.keep_alive, reply.http_1_0);
    // RFC 9110 section 6.4.1.
    const bool has_body = respond.status != 204 && respond.status != 304;
    if (has_body) head.body = {http::BodyKind::length, respond.body.size()};
    out.write_head(head);
    const bool is_sent = has_body && !reply.to_head_request;
    if (is_sent) out.write_body(respond.body);
    out.write_end({});
    return is_sent ? respond.body.size() : 0;
}

}  // namespace sallyport::proxy
