#include "proxy/local_reply.h"

#include <string>

#include "base/json.h"
#include "http/http1_writer.h"
#include "proxy/access_log.h"

namespace sallyport::proxy {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 400: return "Bad Request";
        case 403: return "Forbidden";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 414: return "URI Too Long";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Error";
    }
}

std::string body_of(const LocalReply& reply) {
    std::string body;
    JsonLine json(body);
    json.field("error", tag(reply.error)).field("reason", sentence(reply.error));
    if (!reply.rule.empty()) json.field("rule", reply.rule);
    json.field("request_id", to_string(reply.request_id)).close();
    body += '\n';
    return body;
}

std::string_view verdict_of(ErrorCode error) {
    const Blame who = blame(error);
    return who == Blame::policy || who == Blame::operator_config ? "deny" : "error";
}

}  // namespace

std::size_t write_local_reply(Buffer& out, const LocalReply& reply) {
    const std::string body = body_of(reply);
    http::ResponseHead head;
    head.status = http_status(reply.error);
    head.reason = reason_phrase(head.status);
    head.headers.add("Content-Type", "application/json");
    head.headers.add("Cache-Control", "no-store");
    head.headers.add("x-sallyport-verdict", verdict_of(reply.error));
    if (head.status == 405) head.headers.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (!reply.keep_alive) head.headers.add("Connection", "close");
    else if (reply.http_1_0) head.headers.add("Connection", "keep-alive");
    head.body = {http::BodyKind::length, body.size()};
    http::write_response_head(out, head);
    if (reply.to_head_request) return 0;
    out.append(body);
    return body.size();
}

}  // namespace sallyport::proxy
