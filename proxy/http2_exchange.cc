#include "proxy/http2_exchange.h"

#include <utility>

#include "proxy/egress.h"
#include "proxy/extended_connect.h"
#include "proxy/http2_downstream.h"
#include "proxy/websocket.h"

namespace sallyport::proxy {

Http2Exchange::Http2Exchange(WorkerContext& context, Egress& egress, Http2Downstream& connection)
    : context_(context), egress_(egress), connection_(connection), stream_(context, egress, *this) {}

void Http2Exchange::begin(http::Http2StreamId id) {
    id_ = id;
    paused_ = may_resume_ = touched_ = closed_ = has_begun_ = is_websocket_ = false;
    opened_ = context_.loop.now();
    owed_ = Owes::nothing;
    bytes_in_ = bytes_out_ = bytes_at_look_ = 0;
    resting_rounds_ = 0;
}

http::Next Http2Exchange::on_request_head(http::RequestHead& head) {
    connection_.touch(*this);
    has_begun_ = true;
    if (!head.protocol.empty()) return begin_websocket(head);
    stream_.on_request_head(head, opened_);
    return paused_ ? http::Next::pause : http::Next::go;
}

// What the client sends before the answer waits, as it does behind an upgrade request of HTTP/1.1.
http::Next Http2Exchange::begin_websocket(http::RequestHead& head) {
    http::HeaderMap none;
    is_websocket_ = true;
    if (auto turned = to_upgrade_request(head, random_websocket_key()); turned) {
        stream_.on_request_head(head, opened_);
        if (stream_.is_active()) stream_.on_request_end(none);
    } else {
        stream_.refuse(head, turned.error(), opened_);
    }
    paused_ = true;
    return http::Next::pause;
}

http::Next Http2Exchange::on_body(std::string_view bytes) {
    connection_.touch(*this);
    bytes_in_ += bytes.size();
    if (stream_.is_active()) stream_.on_request_body(bytes);
    return paused_ ? http::Next::pause : http::Next::go;
}

http::Next Http2Exchange::on_message_end(http::HeaderMap& trailers) {
    connection_.touch(*this);
    if (stream_.is_relaying()) {
        stream_.on_client_finished();
    } else if (stream_.awaits_request_body()) {
        stream_.on_request_end(trailers);
    }
    return http::Next::go;
}

void Http2Exchange::on_round_end() {
    touched_ = false;
    if (stream_.is_active() && !closed_) stream_.on_downstream_round_end();
}

// What is malformed behind a request that is over is nobody's.
void Http2Exchange::on_malformed(Error error) {
    if (std::exchange(has_begun_, true) && !stream_.is_active()) return;
    stream_.on_request_error(std::move(error), opened_);
}

void Http2Exchange::on_closed(const char* why) {
    closed_ = true;
    if (!stream_.is_complete()) return stream_.abort({ErrorCode::client_gone, why});
    // Its upstream's round, which is not over, ends it; an answer of the gate's own has none.
    stream_.on_downstream_round_end();
}

bool Http2Exchange::take_resumption() {
    if (!may_resume_ || closed_ || (is_websocket_ && !stream_.is_relaying())) return false;
    may_resume_ = paused_ = false;
    return true;
}

// A head for a client of HTTP/1.1 says more than HTTP/2 has words for: the codec leaves that out.
void Http2Exchange::write_interim(const http::ResponseHead& head) {
    if (!closed_) connection_.codec().response(id_).write_interim(head);
}

void Http2Exchange::write_head(const http::ResponseHead& head) {
    if (closed_) return;
    if (head.status != 101) return connection_.codec().response(id_).write_head(head);
    http::ResponseHead turned = head;
    to_connect_response(turned);
    connection_.codec().response(id_).write_head(turned);
}

void Http2Exchange::write_body(std::string_view bytes) {
    if (closed_ || bytes.empty()) return;
    bytes_out_ += bytes.size();
    connection_.codec().response(id_).write_body(bytes);
}

void Http2Exchange::write_end(const http::HeaderMap& trailers) {
    if (!closed_) connection_.codec().response(id_).write_end(trailers);
}

const ConnectionTarget& Http2Exchange::target() const { return connection_.target(); }

bool Http2Exchange::is_draining() const { return egress_.is_draining(); }

std::size_t Http2Exchange::waiting_bytes() const { return closed_ ? 0 : connection_.codec().waiting_bytes(id_); }

// What several streams have to say in one round goes out together, as far as it may wait.
void Http2Exchange::flush() {
    waiting_bytes() > kHighWatermarkBytes ? connection_.write_now() : connection_.write_soon();
}

void Http2Exchange::resume_reading() {
    if (paused_) may_resume_ = true;
    connection_.resume_soon(*this);
}

// The answer is complete. A request that is not is not read to its end for that (RFC 9113 section 8.1).
void Http2Exchange::on_stream_finished(bool keep_alive) {
    if (closed_) return;
    if (!keep_alive) connection_.codec().reset(id_, http::Http2Error::no_error);
    connection_.write_soon();
}

void Http2Exchange::finish_writing() { write_end({}); }

void Http2Exchange::abort() {
    if (closed_) return;
    connection_.codec().reset(id_, http::Http2Error::internal_error);
    connection_.write_soon();
}

Http2Exchange::Owes Http2Exchange::owes() const {
    if (closed_) return Owes::nothing;
    if (waiting_bytes() > 0) return Owes::reading;
    return !stream_.is_relaying() && stream_.awaits_request_body() && !paused_ ? Owes::body : Owes::nothing;
}

bool Http2Exchange::is_stalled() {
    const Owes before = std::exchange(owed_, owes());
    const std::uint64_t bytes = bytes_in_ + bytes_out_ - waiting_bytes();
    const std::uint64_t progress = bytes - std::exchange(bytes_at_look_, bytes);
    if (owed_ != before || owed_ != Owes::body || progress > 0) resting_rounds_ = 0;
    if (owed_ == Owes::body) return progress == 0 && ++resting_rounds_ > kRestingRoundsMax;
    return owed_ == Owes::reading && owed_ == before && progress < kBodyProgressBytesMin;
}

}  // namespace sallyport::proxy
