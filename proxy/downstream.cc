#include "proxy/downstream.h"

#include "proxy/egress.h"

namespace sallyport::proxy {

Downstream::Downstream(WorkerContext& context, Egress& egress, UniqueFd fd, const net::Endpoint& destination)
    : context_(context),
      egress_(egress),
      destination_(destination),
      connection_(context.loop, std::move(fd), [this](int ready) { on_ready(ready); }),
      parser_(*this, http::Http1Limits{}),
      stream_(context, egress, *this),
      deadline_(context.loop, [this] { on_deadline(); }) {
    target_.port = destination.port;
    may_be_allowed_ = egress_.may_allow(destination_);
    connection_.want(net::FdWatch::kRead);
    opened_ = context_.loop.now();
    update_deadline();
}

// A worker that stops: what still runs has its line too.
Downstream::~Downstream() { abort_streams({ErrorCode::draining, "stopped"}); }

bool Downstream::is_draining() const { return egress_.is_draining(); }

void Downstream::on_ready(int ready) {
    if ((ready & net::FdWatch::kWrite) != 0 && state_ == State::open) end_round();
    switch (state_) {
        case State::greeting: return read_greeting();
        case State::asking: return;
        case State::handshaking: return step_handshake();
        case State::open:
            if ((ready & net::FdWatch::kRead) != 0) read_requests();
            return;
        case State::lingering: return discard_input();
        case State::closed: return;
    }
}

void Downstream::read_requests() {
    do {
        const net::IoResult result = connection_.read(context_.read_block, kReadBytes);
        if (result.state == net::IoState::again) break;
        if (result.state == net::IoState::closed) {
            on_eof();
            break;
        }
        if (result.state == net::IoState::failed) {
            abort_streams({ErrorCode::client_gone, "the connection broke"});
            return close();
        }
        bytes_in_ += result.bytes;
        context_.counters.bytes_from_sandboxes += result.bytes;
        feed({context_.read_block, result.bytes});
    } while (state_ == State::open && may_read() && connection_.has_buffered_input());
    end_round();
}

void Downstream::feed(std::string_view bytes) {
    if (closing_) return;
    if (http2_ != nullptr) return feed_http2(bytes);
    const bool wanted = pending_.empty() && !request_paused_ && (!stream_.is_active() || stream_.awaits_request_body());
    if (!wanted) return pending_.append(bytes);
    if (stream_.is_relaying()) return static_cast<void>(stream_.on_request_body(bytes));
    if (!stream_.is_active() && parser_.between_messages()) head_started_ = context_.loop.now();
    const auto taken = parser_.feed(bytes);
    if (!taken) {
        stream_.on_request_error(taken.error(), head_started_);
        closing_ = true;
        return;
    }
    pending_.append(bytes.substr(*taken));
}

void Downstream::begin_http2() {
    Http2Carrier& carrier = *this;
    http2_ = std::make_unique<Http2Downstream>(context_, egress_, carrier);
    schedule_round();
}

void Downstream::feed_http2(std::string_view bytes) {
    const auto taken = http2_->feed(bytes);
    if (taken) return;
    log_refusal(taken.error());
    closing_ = true;
}

void Downstream::fill_out() {
    if (http2_ != nullptr) http2_->produce(out_);
}

void Downstream::abort_streams(const Error& error) {
    stream_.abort(error);
    if (http2_ != nullptr) http2_->abort(error);
}

void Downstream::feed_pending() {
    Buffer bytes = std::move(pending_);
    pending_ = Buffer();
    feed(bytes.view());
}

// What one read, or one waking, has brought is handed on in as few writes as possible.
void Downstream::end_round() {
    if (state_ != State::open) return;
    if (saw_eof_ && pending_.empty() && stream_.is_relaying()) stream_.on_client_finished();
    if (stream_.is_active()) stream_.on_downstream_round_end();
    if (http2_ != nullptr) http2_->end_round();
    if (state_ != State::open) return;
    flush();
    if (state_ != State::open) return;
    if (may_take_pending()) schedule_round();
    if (!has_work() && pending_.empty() && (saw_eof_ || (http2_ != nullptr && is_draining()))) closing_ = true;
    if (closing_ && !has_work() && out_.empty()) return close_after_flush();
    const int write = connection_.wanted() & net::FdWatch::kWrite;
    connection_.want((may_read() ? net::FdWatch::kRead : 0) | write);
    update_deadline();
}

void Downstream::schedule_round() {
    if (state_ == State::closed || std::exchange(round_scheduled_, true)) return;
    context_.loop.defer([this] {
        round_scheduled_ = false;
        if (state_ != State::open) return;
        if (may_take_pending()) feed_pending();
        // What TLS has read already announces itself by no event.
        if (state_ == State::open && may_read() && connection_.has_buffered_input()) return read_requests();
        end_round();
    });
}

// A client that does not read its answers gets no more of them.
bool Downstream::may_read() const {
    return pending_.empty() && !request_paused_ && !saw_eof_ && !closing_ && out_.size() <= kHighWatermarkBytes;
}

bool Downstream::may_take_pending() const {
    return !pending_.empty() && !request_paused_ && !closing_ && out_.size() <= kHighWatermarkBytes &&
           (!stream_.is_active() || stream_.awaits_request_body());
}

void Downstream::resume_reading() {
    request_paused_ = false;
    schedule_round();
}

http::Next Downstream::on_request_head(http::RequestHead& head) {
    ++requests_;
    if (takes_absolute_targets_) {
        if (auto taken = take_proxy_request(head); !taken) return stream_.refuse(head, taken.error(), head_started_);
    }
    return stream_.on_request_head(head, head_started_);
}
http::Next Downstream::on_body(std::string_view bytes) { return stream_.on_request_body(bytes); }
http::Next Downstream::on_message_end(http::HeaderMap& trailers) { return stream_.on_request_end(trailers); }

void Downstream::on_eof() {
    saw_eof_ = true;
    // What was switched to another protocol ends in each direction on its own: see end_round().
    if (stream_.is_relaying()) return;
    if (http2_ != nullptr) return http2_->on_eof();
    // Between requests, or after one whose answer is on its way: a half-close, which HTTP allows.
    if (stream_.is_active() ? !stream_.awaits_request_body() : parser_.between_messages()) return;
    if (!pending_.empty()) return;
    stream_.abort({ErrorCode::client_gone, "closed in the middle of a request"});
    closing_ = true;
}

void Downstream::flush() {
    const bool was_above = out_.size() > kLowWatermarkBytes;
    for (fill_out(); !out_.empty(); fill_out()) {
        const net::IoResult result = connection_.write(out_.view());
        if (result.state == net::IoState::again) {
            connection_.want(connection_.wanted() | net::FdWatch::kWrite);
            break;
        }
        if (result.state != net::IoState::ok) {
            abort_streams({ErrorCode::client_gone, "closed in the middle of a response"});
            return close();
        }
        bytes_out_ += result.bytes;
        context_.counters.bytes_to_sandboxes += result.bytes;
        out_.consume(result.bytes);
    }
    if (out_.empty()) connection_.want(connection_.wanted() & ~net::FdWatch::kWrite);
    update_deadline();
    if (closing_ && out_.empty() && !has_work()) return close_after_flush();
    if (finishing_ && out_.empty()) {
        finishing_ = false;
        connection_.shutdown_write();
    }
    if (!was_above || out_.size() > kLowWatermarkBytes) return;
    if (http2_ == nullptr) stream_.on_downstream_drained();
    schedule_round();
}

void Downstream::on_stream_finished(bool keep_alive) {
    request_paused_ = false;
    if (!keep_alive || is_draining()) closing_ = true;
    end_round();
}

void Downstream::finish_writing() { finishing_ = true; }

void Downstream::begin_drain() {
    if (http2_ != nullptr && state_ == State::open) return http2_->shut_down();
    if (state_ == State::lingering || stream_.is_active()) return;
    close();
}

void Downstream::on_new_snapshot() {
    if (state_ != State::open) return;
    http2_ != nullptr ? http2_->on_new_snapshot() : stream_.on_new_snapshot();
}

void Downstream::close_after_flush() {
    if (state_ != State::open) return;
    if (saw_eof_ && !connection_.is_tls()) return close();
    connection_.shutdown_write();
    // Closing with unread input would make the kernel send a reset, which can overtake the answer.
    if (saw_eof_) return close();
    linger();
}

void Downstream::linger() {
    state_ = State::lingering;
    bytes_before_linger_ = bytes_in_;
    pending_ = Buffer();
    connection_.want(net::FdWatch::kRead);
    update_deadline();
}

void Downstream::discard_input() {
    // Past TLS: what comes is thrown away unread.
    const net::IoResult result = connection_.read(context_.read_block, kReadBytes);
    if (result.state == net::IoState::again) return;
    if (result.state != net::IoState::ok) return close();
    bytes_in_ += result.bytes;
    if (bytes_in_ - bytes_before_linger_ > kLingerBytesMax) close();
}

void Downstream::cut(Error error) {
    abort_streams(error);
    abort();
}

LiveConnection Downstream::describe() const {
    LiveConnection live;
    live.id = id_.text();
    live.sandbox = egress_.id().value;
    const bool is_tls = protocol_ == Protocol::tls;
    live.protocol = is_tls ? "https" : protocol_ == Protocol::http1 || protocol_ == Protocol::http2 ? "http" : "";
    live.host = target_.host.empty() && !takes_absolute_targets_ ? net::to_string(destination_.address) : target_.host;
    live.port = target_.port;
    live.age_ms = age_ms(opened_, context_.loop.now());
    live.bytes_in = bytes_in_;
    live.bytes_out = bytes_out_;
    live.requests = http2_ != nullptr ? http2_->requests() : requests_;
    switch (state_) {
        case State::greeting: live.state = "greeting"; break;
        case State::asking:
        case State::handshaking: live.state = "handshake"; break;
        case State::open: live.state = has_work() ? "request" : "idle"; break;
        case State::lingering:
        case State::closed: live.state = "closing"; break;
    }
    const Stream* const shown = http2_ != nullptr ? http2_->first_stream() : &stream_;
    if (shown != nullptr) shown->describe(live);
    return live;
}

void Downstream::abort() {
    connection_.reset_on_close();
    close();
}

void Downstream::close() {
    if (state_ == State::closed) return;
    const Error closed{ErrorCode::client_gone, "closed"};
    abort_streams(closed);
    if (http2_ != nullptr) http2_->close(closed);
    state_ = State::closed;
    question_.reset();
    const std::uint64_t requests = http2_ != nullptr ? http2_->requests() : requests_;
    if (asked_origin_ && requests == 0) log_refusal({ErrorCode::client_gone, "its origin was asked, and no request came"});
    connection_.want(net::FdWatch::kNone);
    deadline_.stop();
    egress_.remove(*this);
}

Downstream::Waiting Downstream::waiting_for() const {
    switch (state_) {
        case State::greeting: return Waiting::greeting;
        case State::asking: return Waiting::nothing;  // the pool has deadlines of its own
        case State::handshaking: return Waiting::handshake;
        case State::lingering: return Waiting::linger;
        case State::closed: return Waiting::nothing;
        case State::open: break;
    }
    if (!out_.empty()) return Waiting::client_reads;
    if (http2_ != nullptr) return has_work() ? Waiting::nothing : Waiting::idle;
    if (stream_.is_relaying()) return Waiting::nothing;
    if (stream_.awaits_request_body()) return request_paused_ ? Waiting::nothing : Waiting::request_body;
    if (stream_.is_active()) return Waiting::nothing;
    return parser_.between_messages() ? Waiting::idle : Waiting::request_head;
}

milliseconds Downstream::duration_of(Waiting waiting) const {
    const Deadlines& limits = context_.deadlines;
    switch (waiting) {
        case Waiting::greeting: return may_be_allowed_ ? limits.greeting : limits.refused_greeting;
        case Waiting::handshake: return limits.tls_handshake;
        case Waiting::request_head: return limits.request_head;
        case Waiting::request_body:
        case Waiting::client_reads: return limits.body_progress;
        case Waiting::idle: return limits.keep_alive;
        case Waiting::linger: return limits.linger;
        case Waiting::nothing: break;
    }
    return milliseconds(0);
}

// Restarted only when something else is waited for: a drip of bytes does not extend a deadline.
void Downstream::update_deadline() {
    const Waiting now = waiting_for();
    if (now == waiting_) return;
    waiting_ = now;
    bytes_at_check_ = progress_of(now);
    if (now == Waiting::nothing) return deadline_.stop();
    deadline_.start(duration_of(now));
}

std::uint64_t Downstream::progress_of(Waiting waiting) const {
    return waiting == Waiting::client_reads ? bytes_out_ : bytes_in_;
}

void Downstream::on_deadline() {
    const Waiting missed = waiting_;
    waiting_ = Waiting::nothing;
    const std::uint64_t progress = progress_of(missed) - bytes_at_check_;
    const bool body = missed == Waiting::request_body || missed == Waiting::client_reads;
    if (body && progress >= kBodyProgressBytesMin) return update_deadline();
    // Still sending what nobody wants: closing now would reset the connection before the answer has been read.
    if (missed == Waiting::linger && progress > 0 && ++linger_rounds_ < kLingerRoundsMax) return update_deadline();
    if (missed == Waiting::request_head) {
        stream_.on_request_error({ErrorCode::request_timeout, "the head"}, head_started_);
        closing_ = true;
        return end_round();
    }
    if (missed == Waiting::greeting) return give_up_greeting();
    if (missed == Waiting::handshake) log_refusal({ErrorCode::request_timeout, "the TLS handshake"});
    if (body) {
        const char* const what = missed == Waiting::request_body ? "the body" : "the client does not read";
        abort_streams({ErrorCode::request_timeout, what});
        return abort();
    }
    close();
}

}  // namespace sallyport::proxy
