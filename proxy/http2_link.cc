#include "proxy/http2_link.h"

#include <utility>

namespace sallyport::proxy {

using http::Http2StreamId;

Http2Link::Http2Link(WorkerContext& context, LinkOwner& owner, UpstreamKey key,
                     std::shared_ptr<const rules::PolicySnapshot> snapshot, std::unique_ptr<Wire> wire)
    : context_(context),
      owner_(owner),
      key_(std::move(key)),
      snapshot_(std::move(snapshot)),
      wire_(std::move(wire)),
      codec_(*this, key_.scheme, http::Http2Limits{}),
      last_read_(context.loop.now()),
      deadline_(context.loop, [this] { on_deadline(); }) {
    wire_->set_user(*this);
    wire_->connection().want(net::FdWatch::kRead);
    update_deadline();
    flush_soon();
}

Http2Link::~Http2Link() { *lives_ = false; }

http::Next Http2Link::Stream::on_response_head(http::ResponseHead& head) {
    link.note(*this);
    is_touched = true;
    return user != nullptr ? user->on_response_head(head) : http::Next::go;
}
http::Next Http2Link::Stream::on_body(std::string_view bytes) {
    link.note(*this);
    is_touched = true;
    return user != nullptr ? user->on_body(bytes) : http::Next::go;
}
http::Next Http2Link::Stream::on_message_end(http::HeaderMap& trailers) {
    link.note(*this);
    is_touched = true;
    return user != nullptr ? user->on_message_end(trailers) : http::Next::go;
}

bool Http2Link::may_open() const { return !retired_ && streams_.size() < kLinkStreamsMax && codec_.may_open(); }

Http2StreamId Http2Link::open(LinkedStream& stream) {
    auto made = std::make_unique<Stream>(*this);
    made->user = &stream;
    // Long unheard of, it may be gone without a word: then its answer to this will not come.
    const bool is_stale = context_.loop.now() - last_read_ > context_.deadlines.link_quiet;
    if (is_stale && !has_pinged_) {
        has_pinged_ = true;
        codec_.ping();
    }
    const Http2StreamId id = codec_.open(*made);
    made->id = id;
    streams_.emplace(id, std::move(made));
    ++opened_;
    update_deadline();
    return id;
}

Http2Link::Stream* Http2Link::find(Http2StreamId id) {
    const auto found = streams_.find(id);
    return found != streams_.end() ? found->second.get() : nullptr;
}

void Http2Link::note(Stream& stream) {
    if (!stream.is_touched && !stream.is_drained && !stream.is_closed) noted_.push_back(stream.id);
}

void Http2Link::flush_soon() {
    if (closed_ || std::exchange(flush_scheduled_, true)) return;
    // A sandbox that ends takes its links along, in the middle of an event too.
    context_.loop.defer([this, lives = lives_] {
        if (!*lives) return;
        flush_scheduled_ = false;
        if (!closed_) flush();
        // What TLS has read already announces itself by no event.
        if (!closed_ && !gone_ && wire_->connection().has_buffered_input()) read_some();
    });
}

void Http2Link::flush() {
    net::Connection& connection = wire_->connection();
    bool is_blocked = false;
    while (!closed_ && !is_blocked) {
        ++inside_codec_;
        if (out_.size() < kHighWatermarkBytes) codec_.produce(out_, kHighWatermarkBytes);
        --inside_codec_;
        if (out_.empty()) break;
        const net::IoResult result = connection.write(out_.view());
        // Reading finds out what the origin said before it closed, or fails too.
        if (result.state != net::IoState::ok && result.state != net::IoState::again) out_.wipe();
        is_blocked = result.state != net::IoState::ok;
        if (result.state == net::IoState::again) connection.want(connection.wanted() | net::FdWatch::kWrite);
        if (result.state == net::IoState::ok) {
            out_.consume(result.bytes);
            written_bytes_ += result.bytes;
        }
    }
    if (out_.empty()) {
        if (std::exchange(wipe_after_write_, false)) out_.wipe();
        connection.want(connection.wanted() & ~net::FdWatch::kWrite);
        if (streams_.empty()) out_.release_if_empty();
    }
    update_deadline();
    settle();
}

void Http2Link::on_wire_ready(int ready) {
    if (closed_) return;
    if ((ready & net::FdWatch::kWrite) != 0) flush();
    if ((ready & net::FdWatch::kRead) != 0 && !closed_) read_some();
}

void Http2Link::read_some() {
    net::Connection& connection = wire_->connection();
    do {
        const net::IoResult result = connection.read(context_.read_block, kReadBytes);
        if (result.state == net::IoState::again) break;
        if (result.state == net::IoState::closed) return end({ErrorCode::origin_closed, "by the origin"}, Codec::to_finish);
        if (result.state == net::IoState::failed) {
            return end({ErrorCode::origin_closed, "the connection broke: " + connection.tls_failure()}, Codec::to_finish);
        }
        last_read_ = context_.loop.now();
        ++inside_codec_;
        const auto taken = codec_.feed({context_.read_block, result.bytes});
        --inside_codec_;
        if (!taken) return end(taken.error(), Codec::has_finished);
        settle();
    } while (!closed_ && !gone_ && connection.has_buffered_input());
    if (closed_ || gone_) return;
    if (has_pinged_ && codec_.is_ping_answered()) has_pinged_ = false;
    update_deadline();
    if (codec_.wants_to_write()) flush_soon();
}

void Http2Link::resume(Http2StreamId id) {
    if (closed_ || find(id) == nullptr) return;
    ++inside_codec_;
    codec_.resume(id);
    --inside_codec_;
    flush_soon();
    settle();
}

// Its sink may be on the stack: it goes with settle().
void Http2Link::let_go(Http2StreamId id) {
    if (Stream* const stream = find(id)) stream->user = nullptr;
}

void Http2Link::reset(Http2StreamId id) {
    let_go(id);
    Stream* const stream = find(id);
    if (stream == nullptr || stream->is_closed) return;
    codec_.reset(id, http::Http2Error::cancel);
    flush_soon();
}

void Http2Link::on_settings() {
    has_settings_ = true;
    has_room_ = true;
}

void Http2Link::on_stream_drained(Http2StreamId id) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    note(*stream);
    stream->is_drained = true;
}

void Http2Link::on_stream_closed(Http2StreamId id, const http::Http2ClientUser::Ending& ending) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    note(*stream);
    stream->is_closed = true;
    if (ending.error != nullptr) stream->error = gone_ ? *gone_ : *ending.error;
    stream->unprocessed = ending.unprocessed;
    stream->needs_http1 = ending.needs_http1;
    if (ending.needs_http1 && !stream->error) stream->error = Error{ErrorCode::origin_reset, "it wants HTTP/1.1"};
    has_room_ = true;
}

void Http2Link::on_goaway() {
    has_room_ = true;  // none here, but elsewhere
    retire();
}

void Http2Link::retire() {
    if (std::exchange(retired_, true)) return;
    owner_.on_link_retired(*this);
    if (inside_codec_ > 0 || closed_) return;
    codec_.shut_down();
    flush_soon();
}

// Tells what has happened inside of the codec. What is told may open, write and reset, and so bring more.
void Http2Link::settle() {
    if (inside_codec_ > 0 || std::exchange(settling_, true)) return;
    while (!noted_.empty() && !closed_) {
        const std::vector<Http2StreamId> ids = std::exchange(noted_, {});
        for (const Http2StreamId id : ids) tell(id);
    }
    settling_ = false;
    if (closed_) return;
    if (std::exchange(has_room_, false)) owner_.on_link_room(*this);
    end_if_unused();
}

void Http2Link::tell(Http2StreamId id) {
    Stream* stream = find(id);
    if (stream == nullptr) return;
    // A complete response's user is told so first, because it may let go at the round's end.
    if (stream->is_closed && !stream->error && stream->user != nullptr && !std::exchange(stream->was_told, true)) {
        stream->user->on_link_ended({});
    }
    const bool was_touched = std::exchange(stream->is_touched, false);
    const bool was_drained = std::exchange(stream->is_drained, false);
    if (was_touched && stream->user != nullptr) stream->user->on_link_round_end();
    stream = find(id);
    if (was_drained && stream != nullptr && stream->user != nullptr) stream->user->on_link_drained();
    tell_end(id);
}

void Http2Link::tell_end(Http2StreamId id) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || !found->second->is_closed) return;
    const std::unique_ptr<Stream> ended = std::move(found->second);
    streams_.erase(found);
    if (ended->user == nullptr || !ended->error) return;
    ended->user->on_link_ended({&*ended->error, ended->unprocessed, ended->needs_http1});
}

void Http2Link::end_if_unused() {
    if (closed_ || !streams_.empty()) return;
    if (gone_ || (retired_ && !codec_.wants_to_write() && out_.empty())) return close();
    update_deadline();
}

// What has come in whole is still taken by those who have paused; the rest is told.
void Http2Link::end(Error error, Codec codec) {
    if (closed_ || gone_) return;
    // Before anybody hears of it, so that nobody comes back.
    if (!std::exchange(retired_, true)) owner_.on_link_retired(*this);
    wire_->connection().want(wire_->connection().wanted() & ~net::FdWatch::kRead);
    if (codec == Codec::to_finish) {
        gone_ = std::move(error);
        ++inside_codec_;
        codec_.finish();
        --inside_codec_;
    } else {
        gone_ = std::move(error);
    }
    flush();
    if (!closed_) update_deadline();
}

void Http2Link::close() {
    closed_ = true;
    retired_ = true;
    deadline_.stop();
    out_.wipe();
    wire_->connection().want(net::FdWatch::kNone);
    owner_.on_link_closed(*this);
}

Http2Link::Waiting Http2Link::waiting_for() const {
    if (closed_ || gone_) return Waiting::nothing;
    if (!has_settings_) return Waiting::settings;
    if (has_pinged_) return Waiting::ping_answer;
    if (!out_.empty()) return Waiting::writing;
    if (!streams_.empty()) return Waiting::nothing;
    return retired_ ? Waiting::last_write : Waiting::idle;
}

// Restarted only when something else is waited for: an origin that pings does not keep an idle link.
void Http2Link::update_deadline() {
    const Waiting now = waiting_for();
    if (std::exchange(waiting_, now) == now) return;
    written_at_check_ = written_bytes_;
    switch (waiting_) {
        case Waiting::nothing: return deadline_.stop();
        case Waiting::settings: return deadline_.start(context_.deadlines.tls_handshake);
        case Waiting::ping_answer: return deadline_.start(context_.deadlines.ping_answer);
        case Waiting::writing: return deadline_.start(context_.deadlines.body_progress);
        case Waiting::idle: return deadline_.start(context_.deadlines.upstream_idle);
        case Waiting::last_write: return deadline_.start(context_.deadlines.linger);
    }
}

void Http2Link::on_deadline() {
    switch (waiting_) {
        case Waiting::nothing: return;
        case Waiting::settings: return end({ErrorCode::origin_http2_error, "no SETTINGS came"}, Codec::to_finish);
        case Waiting::ping_answer: return end({ErrorCode::origin_closed, "a PING was not answered"}, Codec::to_finish);
        case Waiting::writing:
            if (std::exchange(written_at_check_, written_bytes_) != written_bytes_) {
                return deadline_.start(context_.deadlines.body_progress);
            }
            return end({ErrorCode::origin_timeout, "the origin does not read"}, Codec::to_finish);
        case Waiting::idle:
            retire();
            return update_deadline();
        case Waiting::last_write: return close();
    }
}

}  // namespace sallyport::proxy
