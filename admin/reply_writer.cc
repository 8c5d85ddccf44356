#include "admin/reply_writer.h"

#include <cstdio>
#include <ctime>
#include <utility>

#include "admin/entity_tag.h"
#include "admin/json_text.h"
#include "http/http1_writer.h"

namespace sallyport::admin {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 304: return "Not Modified";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "";
    }
}

http::ResponseHead base_head(int status) {
    http::ResponseHead head;
    head.status = status;
    head.reason = reason_phrase(status);
    head.headers.add("Date", http_date(std::time(nullptr)));
    head.headers.add("Cache-Control", "no-store");
    head.headers.add("X-Content-Type-Options", "nosniff");
    return head;
}

}  // namespace

std::string http_date(std::int64_t seconds_since_epoch) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = seconds_since_epoch;
    std::tm utc{};
    gmtime_r(&time, &utc);
    char text[64];
    const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday],
                                   utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                                   utc.tm_sec);
    return {text, static_cast<std::size_t>(size)};
}

void write_reply(Buffer& out, Reply reply, ReplyForm form) {
    if (reply.content_type == "application/json") reply.body = printable_json(std::move(reply.body));
    http::ResponseHead head = base_head(reply.status);
    const bool has_no_content = reply.status == 204 || reply.status == 304;
    if (!has_no_content) head.headers.add("Content-Type", reply.content_type);
    if (!reply.etag.empty()) head.headers.add("ETag", quoted_tag(reply.etag));
    for (const auto& [name, value] : reply.headers) head.headers.add(name, value);
    if (!form.keep_alive) head.headers.add("Connection", "close");
    if (!has_no_content) head.headers.add("Content-Length", std::to_string(reply.body.size()));
    http::write_response_head(out, head);
    if (!has_no_content && !form.is_head) out.append(reply.body);
}

void write_event_stream_head(Buffer& out, StreamForm form) {
    http::ResponseHead head = base_head(200);
    head.headers.add("Content-Type", "text/event-stream");
    head.body.kind = form == StreamForm::chunked ? http::BodyKind::chunked : http::BodyKind::until_close;
    if (form == StreamForm::until_close) head.headers.add("Connection", "close");
    http::write_response_head(out, head);
}

void write_event_stream_piece(Buffer& out, StreamForm form, std::string_view text) {
    if (form == StreamForm::chunked) return http::write_chunk(out, text);
    out.append(text);
}

}  // namespace sallyport::admin
