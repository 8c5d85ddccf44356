#include "http/http2_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kFrameHeaderBytes = 9;

std::size_t preface_bytes(Http2Side side) {
    return side == Http2Side::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
}

bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }
bool is_ack(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0; }

}  // namespace

Http2Session::Http2Session(Http2Side side, const Http2Limits& limits, const Faults& faults)
    : side_(side),
      limits_(limits),
      faults_(faults),
      budget_(limits),
      scanner_(preface_bytes(side), limits, budget_),
      section_(limits),
      windows_(limits),
      session_(make_nghttp2(side, limits, *this, memory_)) {}

Http2Session::~Http2Session() { control_.wipe(); }

Result<void> Http2Session::feed(std::string_view bytes) {
    SALLYPORT_CHECK(!is_called_);
    if (failed_) return failure(*failed_);
    is_called_ = true;
    budget_.earn_read();
    const std::size_t good = scanner_.scan(bytes);
    receive(bytes.substr(0, good));
    take_silence();
    // What nghttp2 found came first. Heads of responses wait in here too, and end their streams: for a peer that does not
    // read, they stay where they count as open.
    if (control_.size() < 2 * limits_.waiting_answer_bytes_max) send(Sending::control);
    if (const auto& fault = scanner_.fault()) fail(fault->error, fault->why);
    const std::size_t waiting_frames = nghttp2_session_get_outbound_queue_size(nghttp2());
    if (waiting_answer_bytes_ > limits_.waiting_answer_bytes_max || waiting_frames > limits_.waiting_frames_max) {
        fail(Http2Error::enhance_your_calm, "asks, and does not read the answers");
    }
    if (failed_) {
        send(Sending::control);
        lose_all();
    }
    tell_closings();
    is_called_ = false;
    if (failed_) return failure(*failed_);
    return {};
}

void Http2Session::receive(std::string_view bytes) {
    const ssize_t taken =
        nghttp2_session_mem_recv(nghttp2(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken >= 0) return;
    if (stopped_) return fail(Http2Error::enhance_your_calm, stopped_);
    const bool is_flood = taken == NGHTTP2_ERR_FLOODED;
    fail(is_flood ? Http2Error::enhance_your_calm : Http2Error::protocol_error, nghttp2_strerror(static_cast<int>(taken)));
}

// Makes nghttp2 write a GOAWAY, and nothing after it.
void Http2Session::fail(Http2Error error, const char* why) {
    if (failed_) return;
    failed_ = Error{error == Http2Error::enhance_your_calm ? faults_.flood : faults_.protocol, why};
    nghttp2_session_terminate_session(nghttp2(), static_cast<std::uint32_t>(error));
}

// From within nghttp2, while it reads: makes it return at once.
int Http2Session::stop(const char* why) {
    stopped_ = why;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::check_budget() {
    // What is found while nghttp2 writes is seen at the next frame that comes.
    if (sending_ != Sending::nothing || !budget_.is_used_up()) return 0;
    return stop("more requests that come to nothing than the others are worth");
}

void Http2Session::send(Sending sending) {
    sending_ = sending;
    const int sent = nghttp2_session_send(nghttp2());
    sending_ = Sending::nothing;
    if (sent < 0) fail(Http2Error::internal_error, nghttp2_strerror(sent));
}

void Http2Session::produce(Buffer& out, std::size_t high_watermark_bytes) {
    SALLYPORT_CHECK(!is_called_);
    is_called_ = true;
    out_ = &out;
    out_bytes_max_ = high_watermark_bytes;
    if (out.size() < out_bytes_max_) {
        out.append(control_.view());
        control_.wipe();
        control_.release_if_empty();
        waiting_answer_bytes_ = 0;
    }
    // Who is told may have more.
    do {
        if (out.size() < out_bytes_max_) send(Sending::everything);
    } while (tell_drained() && out.size() < out_bytes_max_);
    if (failed_) lose_all();
    tell_closings();
    out_ = nullptr;
    is_called_ = false;
}

bool Http2Session::tell_drained() {
    const auto drained = std::exchange(drained_, {});
    for (const Http2StreamId id : drained) {
        if (const auto* stream = find(id); stream != nullptr && !stream->was_reset && !stream->is_gone) take_drained(id);
    }
    return !drained.empty();
}

bool Http2Session::wants_to_write() const {
    return !control_.empty() || !closings_.empty() || nghttp2_session_want_write(nghttp2()) != 0;
}

Http2Stream* Http2Session::find(Http2StreamId id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
}

Http2Stream& Http2Session::add(std::unique_ptr<Http2Stream> stream) {
    stream->window = windows_.initial();
    auto& slot = streams_[stream->id];
    SALLYPORT_CHECK(slot == nullptr);
    slot = std::move(stream);
    return *slot;
}

std::size_t Http2Session::waiting_bytes(Http2StreamId id) const {
    const Http2Stream* const stream = find(id);
    return stream != nullptr ? stream->outbox.size() : 0;
}

bool Http2Session::is_window_shut(Http2StreamId id) const {
    if (waiting_bytes(id) == 0) return false;
    // Negative for a stream that nghttp2 does not know yet.
    return nghttp2_session_get_stream_remote_window_size(nghttp2(), id) == 0 ||
           nghttp2_session_get_remote_window_size(nghttp2()) <= 0;
}

void Http2Session::resume(Http2StreamId id) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr) return;
    stream->inbox.resume();
    give_back(*stream);
    close_if_done(*stream);
}

void Http2Session::write_body(Http2Stream& stream, std::string_view bytes) {
    if (!stream.is_gone && stream.outbox.write(bytes)) wake(stream);
}

void Http2Session::write_end(Http2Stream& stream, const HeaderMap& trailers) {
    if (!stream.is_gone && stream.outbox.end(trailers)) wake(stream);
}

void Http2Session::wake(Http2Stream& stream) {
    if (!stream.is_waiting_for_body) return;
    stream.is_waiting_for_body = false;
    nghttp2_session_resume_data(nghttp2(), stream.id);
}

void Http2Session::ping() {
    ++pings_;
    nghttp2_submit_ping(nghttp2(), NGHTTP2_FLAG_NONE, nullptr);
}

int Http2Session::on_begin_headers(const nghttp2_frame& frame) {
    Http2Stream* stream = find(frame.hd.stream_id);
    if (stream == nullptr && frame.headers.cat == NGHTTP2_HCAT_REQUEST) stream = begin_stream(frame.hd.stream_id);
    if (stream == nullptr) {
        send_reset(frame.hd.stream_id, Http2Error::refused_stream);
        budget_.spend_stream();
        return check_budget() != 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    section_.begin(section_of(*stream));
    return 0;
}

Http2Stream* Http2Session::begin_stream(Http2StreamId id) {
    // nghttp2 counts those it knows; more may wait for slow sinks.
    if (streams_.size() >= limits_.concurrent_streams_max) return nullptr;
    // Whatever the client would have: all alike, in turns.
    const nghttp2_extpri alike{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
    nghttp2_session_change_extpri_stream_priority(nghttp2(), id, &alike, 1);
    return &add(make_stream(id));
}

int Http2Session::on_header(std::string_view name, std::string_view value) {
    section_.add(name, value);
    if (section_.decoded_bytes() > limits_.decoded_head_bytes_max) return stop("a head that never ends");
    return 0;
}

int Http2Session::on_data(Http2StreamId id, std::string_view bytes) {
    nghttp2_session_consume_connection(nghttp2(), bytes.size());
    Http2Stream* const stream = find(id);
    if (stream != nullptr && !stream->is_malformed && !stream->was_reset) hand_on(*stream, bytes);
    return check_budget();
}

void Http2Session::hand_on(Http2Stream& stream, std::string_view bytes) {
    const bool may_have_body = stream.has_head && stream.may_have_body;
    const auto room = may_have_body ? stream.announced_bytes.value_or(UINT64_MAX) - stream.arrived_bytes : 0;
    // As far as it is one, so that what is heard does not depend on how the bytes were cut.
    const std::string_view body = bytes.substr(0, room);
    stream.arrived_bytes += body.size();
    if (!body.empty()) stream.inbox.take_body(body);
    give_back(stream);
    if (body.size() < bytes.size()) malformed(stream, {ErrorCode::bad_framing, "more than the head says"});
}

void Http2Session::give_back(Http2Stream& stream) {
    const bool has_paused = stream.inbox.has_paused();
    const std::size_t credit = stream.inbox.take_credit();
    if (credit == 0 || stream.is_gone) return;
    nghttp2_session_consume_stream(nghttp2(), stream.id, credit);
    if (has_paused) return windows_.pause(stream.window);
    if (stream.has_ended || !windows_.use(stream.window, credit)) return;
    const auto window = static_cast<std::int32_t>(stream.window.bytes);
    nghttp2_session_set_local_window_size(nghttp2(), NGHTTP2_FLAG_NONE, stream.id, window);
}

int Http2Session::on_frame(const nghttp2_frame& frame) {
    switch (frame.hd.type) {
        case NGHTTP2_DATA: take_data_frame(frame); break;
        case NGHTTP2_HEADERS:
            budget_.earn_head();
            take_section(frame.hd.stream_id, ends_stream(frame) ? Http2Section::Ends::yes : Http2Section::Ends::no);
            break;
        case NGHTTP2_SETTINGS:
            if (!is_ack(frame)) take_settings();
            break;
        case NGHTTP2_GOAWAY: take_goaway(); break;
        case NGHTTP2_PING:
            if (is_ack(frame) && pings_ > 0) {
                --pings_;
                take_pong();
            }
            break;
        default: break;
    }
    return check_budget();
}

void Http2Session::take_data_frame(const nghttp2_frame& frame) {
    const std::size_t content = frame.hd.length - frame.data.padlen;
    // Nothing but padding; the scanner has counted those without.
    if (content == 0 && frame.hd.length > 0 && !ends_stream(frame)) budget_.spend_frame();
    Http2Stream* const stream = find(frame.hd.stream_id);
    if (stream == nullptr) return;
    budget_.earn_body(content, true);
    if (!ends_stream(frame)) return;
    HeaderMap none;
    take_end(*stream, none);
}

void Http2Session::take_section(Http2StreamId id, Http2Section::Ends ends) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr || stream->is_malformed || stream->was_reset) return;
    HeaderMap trailers;
    if (section_of(*stream) == Http2Section::Kind::trailers) {
        const auto finished = section_.finish_trailers(ends, trailers);
        if (!finished) return malformed(*stream, finished.error());
        return take_end(*stream, trailers);
    }
    take_head(*stream, section_, ends);
    if (ends == Http2Section::Ends::yes) take_end(*stream, trailers);
}

void Http2Session::take_end(Http2Stream& stream, HeaderMap& trailers) {
    if (stream.is_malformed || stream.was_reset) return;
    if (!stream.has_head || stream.arrived_bytes != stream.announced_bytes.value_or(stream.arrived_bytes)) {
        return malformed(stream, {ErrorCode::bad_framing, "less than the head says"});
    }
    stream.has_ended = true;
    stream.inbox.take_end(trailers);
}

void Http2Session::malformed(Http2Stream& stream, Error error) {
    if (stream.is_malformed || stream.was_reset) return;
    stream.is_malformed = true;
    stream.inbox.detach();
    budget_.spend_stream();
    take_malformed(stream, std::move(error));
}

// How many bytes go into the next frame of the stream.
ssize_t Http2Session::take_body_size(Http2Stream& stream, std::size_t size_max, std::uint32_t& flags) {
    if (sending_ != Sending::everything || out_->size() >= out_bytes_max_) return NGHTTP2_ERR_PAUSE;
    const Http2Outbox& outbox = stream.outbox;
    const std::size_t size = std::min(size_max, outbox.size());
    if (stream.was_reset || (size == 0 && !outbox.is_ended())) {
        stream.is_waiting_for_body = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    budget_.earn_body(size, size < outbox.size());
    flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size < outbox.size() || !outbox.is_ended()) return static_cast<ssize_t>(size);
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (outbox.trailers().empty()) return static_cast<ssize_t>(size);
    flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const Http2FieldList fields(outbox.trailers());
    SALLYPORT_CHECK(nghttp2_submit_trailer(nghttp2(), stream.id, fields.data(), fields.size()) == 0);
    return static_cast<ssize_t>(size);
}

void Http2Session::send_bytes(std::string_view bytes) {
    (sending_ == Sending::everything ? *out_ : control_).append(bytes);
}

void Http2Session::send_body(std::string_view frame_header, std::size_t size, Http2Stream& stream) {
    out_->append(frame_header);
    out_->append(stream.outbox.front(size));
    const std::size_t before = stream.outbox.size();
    stream.outbox.consume(size);
    const bool is_drained = before > limits_.drained_bytes && stream.outbox.size() <= limits_.drained_bytes;
    if (is_drained && !stream.outbox.is_ended()) drained_.push_back(stream.id);
}

int Http2Session::on_frame_sent(const nghttp2_frame& frame) {
    const bool is_head = frame.hd.type == NGHTTP2_HEADERS;
    const bool is_message = is_head || frame.hd.type == NGHTTP2_DATA;
    if (is_head) budget_.earn_head();
    if (!is_message && sending_ == Sending::control) waiting_answer_bytes_ += kFrameHeaderBytes + frame.hd.length;
    if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) take_own_goaway(frame.goaway);
    Http2Stream* const stream = find(frame.hd.stream_id);
    if (stream == nullptr || !is_message) return 0;
    stream->is_head_sent = true;
    if (!ends_stream(frame)) return 0;
    stream->is_end_sent = true;
    take_end_sent(*stream);
    return 0;
}

// nghttp2 has found something by itself.
void Http2Session::take_own_goaway(const nghttp2_goaway& goaway) {
    if (failed_) return;
    const bool is_flood = goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM;
    std::string why(nghttp2_http2_strerror(goaway.error_code));
    if (goaway.opaque_data_len > 0) why = to_view(goaway.opaque_data, goaway.opaque_data_len);
    failed_ = Error{is_flood ? faults_.flood : faults_.protocol, std::move(why)};
}

// A head that could not be sent: its stream would wait for ever.
int Http2Session::on_frame_not_sent(const nghttp2_frame& frame) {
    Http2Stream* const stream = find(frame.hd.stream_id);
    if (frame.hd.type != NGHTTP2_HEADERS || stream == nullptr || stream->is_gone) return 0;
    if (side_ == Http2Side::server || stream->is_head_sent) {
        send_reset(stream->id, Http2Error::internal_error);
        return 0;
    }
    return on_gone(stream->id, NGHTTP2_REFUSED_STREAM);
}

int Http2Session::on_gone(Http2StreamId id, std::uint32_t error) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr || stream->is_gone) return 0;
    stream->ending = static_cast<Http2Error>(error);
    leave(*stream);
    return check_budget();
}

void Http2Session::leave(Http2Stream& stream) {
    stream.is_gone = true;
    take_gone(stream);
    stream.outbox.drop();
    close_if_done(stream);
}

void Http2Session::lose_all() {
    for (const auto& [id, stream] : streams_) {
        // A client that is gone has nothing more to ask for; what an origin has said in full is still worth having.
        if (side_ == Http2Side::server) stream->inbox.detach();
        stream->is_gone ? close_if_done(*stream) : leave(*stream);
    }
}

void Http2Session::finish() {
    SALLYPORT_CHECK(!is_called_);
    is_called_ = true;
    lose_all();
    tell_closings();
    is_called_ = false;
}

void Http2Session::abandon(Http2Stream& stream, Http2Error error) {
    if (stream.was_reset) return;
    stream.was_reset = true;
    stream.inbox.detach();
    stream.outbox.drop();
    if (!stream.is_gone) send_reset(stream.id, error);
    close_if_done(stream);
}

void Http2Session::send_reset(Http2StreamId id, Http2Error error) {
    nghttp2_submit_rst_stream(nghttp2(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void Http2Session::close_if_done(Http2Stream& stream) {
    if (!stream.is_gone || stream.is_closing) return;
    if (stream.inbox.is_attached() && !stream.inbox.has_told_all()) return;
    stream.is_closing = true;
    closings_.push_back(stream.id);
}

void Http2Session::tell_closings() {
    for (const Http2StreamId id : std::exchange(closings_, {})) {
        const auto stream = streams_.extract(id);
        windows_.give_back(stream.mapped()->window);
        if (!stream.mapped()->is_silent) take_closed(*stream.mapped());
    }
}

}  // namespace sallyport::http
