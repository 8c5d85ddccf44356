#include "http/http2_server_codec.h"

#include <utility>

#include "base/check.h"
#include "http/http2_session.h"

namespace sallyport::http {

class Http2ServerCodec::Impl final : public Http2Session {
public:
    Impl(Http2ServerUser& user, Scheme scheme, const Http2Limits& limits)
        : Http2Session(Http2Side::server, limits, {ErrorCode::http2_error, ErrorCode::http2_flood}),
          user_(user),
          scheme_(scheme) {}

    ResponseWriter& response(Http2StreamId id) {
        Http2Stream* const stream = find(id);
        SALLYPORT_CHECK(stream != nullptr);
        return static_cast<Stream&>(*stream);
    }

    void reset(Http2StreamId id, Http2Error error) {
        Http2Stream* const stream = find(id);
        if (stream == nullptr) return;
        const bool is_written = stream->is_end_sent || stream->is_gone;
        if (error != Http2Error::no_error || !stream->outbox.is_ended() || is_written) return abandon(*stream, error);
        stream->inbox.detach();
        stream->resets_when_written = true;
    }

    // RFC 9113 section 6.8: requests on their way are still served. When the client has seen the first GOAWAY it is told
    // which was the last.
    void shut_down() {
        if (stage_ == Stage::last) return;
        if (stage_ == Stage::announced) return say_last();
        stage_ = Stage::announced;
        nghttp2_submit_shutdown_notice(nghttp2());
        ping();
    }
    bool is_shutting_down() const { return stage_ == Stage::last; }

private:
    enum class Stage { open, announced, last };

    struct Stream final : Http2Stream, ResponseWriter {
        Stream(Impl& codec, Http2StreamId id) : Http2Stream(id), codec(codec) {}
        void write_interim(const ResponseHead& head) override { codec.write_interim(*this, head); }
        void write_head(const ResponseHead& head) override { codec.write_head(*this, head); }
        void write_body(std::string_view bytes) override { codec.write_body(*this, bytes); }
        void write_end(const HeaderMap& trailers) override { codec.write_end(*this, trailers); }
        Impl& codec;
    };

    static bool may_write_head(const Http2Stream& stream) {
        return !stream.is_gone && !stream.was_reset && !stream.outbox.has_begun();
    }

    void write_interim(Http2Stream& stream, const ResponseHead& head) {
        if (!may_write_head(stream)) return;
        const Http2FieldList fields(head);
        nghttp2_submit_headers(nghttp2(), NGHTTP2_FLAG_NONE, stream.id, nullptr, fields.data(), fields.size(), nullptr);
    }

    void write_head(Http2Stream& stream, const ResponseHead& head) {
        if (!may_write_head(stream)) return;
        const Http2FieldList fields(head);
        const auto body = body_of(stream);
        const bool has_none = is_empty(head.body);
        stream.outbox.begin(has_none ? Http2Outbox::Body::none : Http2Outbox::Body::follows);
        nghttp2_submit_response(nghttp2(), stream.id, fields.data(), fields.size(), has_none ? nullptr : &body);
    }

    void say_last() {
        stage_ = Stage::last;
        nghttp2_submit_goaway(nghttp2(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(nghttp2()),
                              NGHTTP2_NO_ERROR, nullptr, 0);
    }
    void take_pong() override { has_seen_notice_ = true; }
    // Not before: a request behind the answer to the PING is begun too.
    void take_silence() override {
        if (stage_ == Stage::announced && has_seen_notice_) say_last();
    }

    std::unique_ptr<Http2Stream> make_stream(Http2StreamId id) override {
        auto stream = std::make_unique<Stream>(*this, id);
        stream->is_silent = true;
        return stream;
    }

    Http2Section::Kind section_of(const Http2Stream& stream) const override {
        return stream.has_head ? Http2Section::Kind::trailers : Http2Section::Kind::request;
    }

    void take_head(Http2Stream& stream, Http2Section& section, Http2Section::Ends ends) override {
        RequestHead head;
        const auto finished = section.finish_request(scheme_, ends, head);
        if (!finished) return malformed(stream, finished.error());
        stream.has_head = true;
        if (head.body.kind == BodyKind::length) stream.announced_bytes = head.body.length_bytes;
        RequestSink* const sink = user_.on_stream_opened(stream.id);
        if (sink == nullptr) return abandon(stream, Http2Error::refused_stream);
        stream.is_silent = false;
        if (stream.was_reset) return;
        stream.inbox.attach(*sink);
        stream.inbox.take_head(head);
    }

    void take_malformed(Http2Stream& stream, Error error) override {
        stream.is_silent = false;
        user_.on_stream_malformed(stream.id, std::move(error));
    }

    void take_end_sent(Http2Stream& stream) override {
        const bool is_unread = nghttp2_session_get_stream_remote_close(nghttp2(), stream.id) == 0;
        if (is_unread && (stream.resets_when_written || stream.is_malformed)) send_reset(stream.id, Http2Error::no_error);
    }

    void take_drained(Http2StreamId id) override { user_.on_stream_drained(id); }

    void take_gone(Http2Stream& stream) override {
        if (!stream.is_complete()) stream.inbox.detach();
        if (stream.is_malformed || stream.was_reset) return;
        stream.is_end_sent ? budget().earn_stream() : budget().spend_stream();
    }

    void take_closed(Http2Stream& stream) override {
        const bool was_ours = stream.was_reset || stream.resets_when_written || (stream.is_malformed && stream.is_end_sent);
        user_.on_stream_closed(stream.id, !stream.is_complete() && !was_ours);
    }

    Http2ServerUser& user_;
    const Scheme scheme_;
    Stage stage_ = Stage::open;
    bool has_seen_notice_ = false;
};

Http2ServerCodec::Http2ServerCodec(Http2ServerUser& user, Scheme scheme, const Http2Limits& limits)
    : impl_(std::make_unique<Impl>(user, scheme, limits)) {}
Http2ServerCodec::~Http2ServerCodec() = default;
Result<void> Http2ServerCodec::feed(std::string_view bytes) { return impl_->feed(bytes); }
void Http2ServerCodec::produce(Buffer& out, std::size_t high_watermark_bytes) {
    impl_->produce(out, high_watermark_bytes);
}
bool Http2ServerCodec::wants_to_write() const { return impl_->wants_to_write(); }
ResponseWriter& Http2ServerCodec::response(Http2StreamId stream) { return impl_->response(stream); }
std::size_t Http2ServerCodec::waiting_bytes(Http2StreamId stream) const { return impl_->waiting_bytes(stream); }
bool Http2ServerCodec::is_window_shut(Http2StreamId stream) const { return impl_->is_window_shut(stream); }
void Http2ServerCodec::resume(Http2StreamId stream) { impl_->resume(stream); }
void Http2ServerCodec::reset(Http2StreamId stream, Http2Error error) { impl_->reset(stream, error); }
void Http2ServerCodec::shut_down() { impl_->shut_down(); }
bool Http2ServerCodec::is_shutting_down() const { return impl_->is_shutting_down(); }
std::size_t Http2ServerCodec::open_streams() const { return impl_->open_streams(); }
std::size_t Http2ServerCodec::allocated_bytes() const { return impl_->allocated_bytes(); }

}  // namespace sallyport::http
