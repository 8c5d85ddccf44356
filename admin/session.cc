#include "admin/session.h"

#include <utility>

#include "admin/limits.h"
#include "admin/server.h"

namespace sallyport::admin {
namespace {

constexpr http::Http1Limits kLimits{.header_bytes_max = kHeadBytesMax,
                                    .header_count_max = kHeadFieldsMax,
                                    .target_bytes_max = kTargetBytesMax,
                                    .trailer_bytes_max = kTrailerBytesMax};

Reply reply_for(ErrorCode code) { return Reply::failed(http_status(code), tag(code), sentence(code)); }

bool has_body(const http::RequestHead& head) {
    return head.body.kind == http::BodyKind::chunked ||
           (head.body.kind == http::BodyKind::length && head.body.length_bytes > 0);
}

}  // namespace

Session::Session(const SessionContext& context, Peer peer, std::function<void()> on_output)
    : context_(context), peer_(std::move(peer)), on_output_(std::move(on_output)), parser_(*this, kLimits) {}

Session::~Session() { context_.events.unsubscribe(*this); }

Session::Phase Session::phase() const {
    switch (state_) {
        case State::body: return Phase::body;
        case State::answer: return Phase::answer;
        case State::events: return Phase::events;
        case State::closing: return Phase::closing;
        case State::reading: break;
    }
    return parser_.between_messages() && pending_.empty() ? Phase::idle : Phase::head;
}

bool Session::wants_input() const {
    // A subscriber has nothing more to say, but may leave.
    if (state_ == State::events) return true;
    return (state_ == State::reading || state_ == State::body) && pending_.empty() && out_.size() <= kOutBytesHigh;
}

void Session::feed(std::string_view bytes) {
    if (state_ == State::closing || state_ == State::events) return;
    pending_.append(bytes);
    step();
}

void Session::step() {
    if (std::exchange(is_stepping_, true)) return;
    while ((state_ == State::reading || state_ == State::body) && !pending_.empty() && out_.size() <= kOutBytesHigh) {
        const auto taken = parser_.feed(pending_.view());
        if (!taken) {
            fail(reply_for(taken.error().code));
            break;
        }
        pending_.consume(*taken);
    }
    if (state_ == State::closing || state_ == State::events) pending_.clear();
    pending_.release_if_empty();
    is_stepping_ = false;
}

http::Next Session::on_request_head(http::RequestHead& head) {
    keep_alive_ = head.keep_alive;
    is_head_ = head.method == "HEAD";
    stream_form_ = head.version_minor == 0 ? StreamForm::until_close : StreamForm::chunked;
    refusal_.reset();
    auto call = read_call(head, peer_, context_.admission);
    if (!call) {
        refuse(std::move(call.error()), has_body(head));
        return state_ == State::closing ? http::Next::pause : http::Next::go;
    }
    call_ = std::move(*call);
    state_ = State::body;
    if (head.expect_continue && has_body(head)) out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    return http::Next::go;
}

// A body that nobody wants is not read: the connection ends instead. Who is not let in gets one answer.
void Session::refuse(Refused refused, bool has_body) {
    call_.reset();
    note(refused);
    if (has_body || refused.ends_connection) return fail(std::move(refused.reply));
    refusal_ = std::move(refused.reply);
}

void Session::note(const Refused& refused) {
    if (!refused.why.empty()) context_.refused(refused.who, refused.why);
}

http::Next Session::on_body(std::string_view bytes) {
    if (!call_) return http::Next::go;
    if (call_->body.size() + bytes.size() > call_->route->body_bytes_max) {
        fail(Reply::failed(413, "body_too_large", "the body is too large"));
        return http::Next::pause;
    }
    call_->body.append(bytes);
    return http::Next::go;
}

http::Next Session::on_message_end(http::HeaderMap&) {
    if (refusal_) {
        write(*std::exchange(refusal_, std::nullopt));
    } else if (call_) {
        dispatch();
    }
    return http::Next::go;
}

void Session::dispatch() {
    if (auto bad = check_body(*call_)) {
        note(*bad);
        return answer(std::move(bad->reply));
    }
    switch (call_->route->operation) {
        case Operation::events: return subscribe();
        case Operation::openapi: return answer(Reply::json(std::string(openapi_document())));
        default: break;
    }
    state_ = State::answer;
    std::string body = std::move(call_->body);
    Call call = *call_;
    call.body = std::move(body);
    make_call(context_.api, std::move(call), done());
}

Done Session::done() {
    return [this, alive = std::weak_ptr<const bool>(alive_), number = answers_](Reply reply) {
        if (alive.expired() || number != answers_) return;
        answer(std::move(reply));
        if (is_stepping_) return;
        step();
        on_output_();
    };
}

void Session::answer(Reply reply) { write(settle_reply(*call_, std::move(reply))); }

void Session::write(Reply reply) {
    ++answers_;
    call_.reset();
    write_reply(out_, std::move(reply), {.is_head = std::exchange(is_head_, false), .keep_alive = keep_alive_});
    state_ = keep_alive_ ? State::reading : State::closing;
}

void Session::fail(Reply reply) {
    keep_alive_ = false;
    write(std::move(reply));
}

void Session::subscribe() {
    if (!context_.events.has_room(call_->caller)) {
        return answer(Reply::failed(503, "too_many_connections", "there are too many subscribers already"));
    }
    const Call call = std::move(*call_);
    ++answers_;
    call_.reset();
    state_ = State::events;
    // The head first: events may come at once.
    write_event_stream_head(out_, stream_form_);
    keep_alive();
    context_.events.subscribe(*this, call.caller, call.query);
}

void Session::keep_alive() {
    if (state_ == State::events) write_event_stream_piece(out_, stream_form_, ": here\n\n");
}

void Session::on_event(std::string_view text) {
    flush_dropped();
    if (out_.size() + text.size() > kEventBytesMax || dropped_ > 0) {
        ++dropped_;
        return;
    }
    write_event_stream_piece(out_, stream_form_, text);
    if (!is_stepping_) on_output_();
}

// Only once there is room again, so that the count is of one gap.
void Session::flush_dropped() {
    if (dropped_ == 0 || out_.size() > kEventBytesMax / 2) return;
    const std::string data = "{\"count\":" + std::to_string(std::exchange(dropped_, 0)) + "}";
    write_event_stream_piece(out_, stream_form_, event_text("dropped", data));
}

void Session::on_drained() {
    out_.release_if_empty();
    if (state_ == State::events) return flush_dropped();
    step();
}

void Session::on_deadline() {
    switch (phase()) {
        case Phase::idle: state_ = State::closing; return;
        case Phase::head:
        case Phase::body: return fail(reply_for(ErrorCode::request_timeout));
        case Phase::answer:
            return fail(Reply::failed(503, "answer_timeout", "the answer took too long; what was asked may still happen"));
        case Phase::events:
        case Phase::closing: return;
    }
}

}  // namespace sallyport::admin
