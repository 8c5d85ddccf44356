#include "http/http2_client_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/http2_session.h"

namespace sallyport::http {
namespace {

// An origin must not keep a client waiting with these for ever.
constexpr int kInterimResponsesMax = 32;

// What a section's judge says, said of an origin.
Error of_origin(Error error) {
    switch (error.code) {
        case ErrorCode::bad_framing: error.code = ErrorCode::origin_bad_framing; break;
        case ErrorCode::header_too_large: error.code = ErrorCode::origin_header_too_large; break;
        default: error.code = ErrorCode::origin_bad_response; break;
    }
    return error;
}

}  // namespace

class Http2ClientCodec::Impl final : public Http2Session {
public:
    Impl(Http2ClientUser& user, Scheme scheme, const Http2Limits& limits)
        : Http2Session(Http2Side::client, limits, {ErrorCode::origin_http2_error, ErrorCode::origin_http2_error}),
          user_(user),
          scheme_(scheme) {}

    void finish() {
        is_finished_ = true;
        Http2Session::finish();
    }

    bool may_open() const {
        if (failed() || is_finished_ || takes_no_more_ || !nghttp2_session_check_request_allowed(nghttp2())) return false;
        const auto theirs = nghttp2_session_get_remote_settings(nghttp2(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
        return open_streams() < std::min(theirs, limits().concurrent_streams_max);
    }

    bool allows_extended_connect() const {
        return nghttp2_session_get_remote_settings(nghttp2(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
    }

    Http2StreamId open(ResponseSink& sink) {
        SALLYPORT_CHECK(opening_ == nullptr);
        const auto id = static_cast<Http2StreamId>(nghttp2_session_get_next_stream_id(nghttp2()));
        opening_ = &static_cast<Stream&>(add(std::make_unique<Stream>(*this, id)));
        opening_->inbox.attach(sink);
        return id;
    }

    RequestWriter& request(Http2StreamId id) {
        Http2Stream* const stream = find(id);
        SALLYPORT_CHECK(stream != nullptr);
        return static_cast<Stream&>(*stream);
    }

    void reset(Http2StreamId id, Http2Error error) {
        Http2Stream* const stream = find(id);
        if (stream == nullptr) return;
        if (stream == opening_) {
            skip_opening();
            stream->is_gone = true;
        }
        abandon(*stream, error);
    }

    void shut_down() {
        if (std::exchange(takes_no_more_, true)) return;
        nghttp2_submit_goaway(nghttp2(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
    }

private:
    struct Stream final : Http2Stream, RequestWriter {
        Stream(Impl& codec, Http2StreamId id) : Http2Stream(id), codec(codec) {}
        void write_head(const RequestHead& head) override { codec.write_head(*this, head); }
        void write_body(std::string_view bytes) override { codec.write_body(*this, bytes); }
        void write_end(const HeaderMap& trailers) override { codec.write_end(*this, trailers); }

        Impl& codec;
        std::string method;
        int interims = 0;
        std::size_t interim_bytes = 0;
        std::optional<Error> error;
        Http2ClientUser::Ending ending_told;
    };

    // Its number is used up.
    void skip_opening() {
        nghttp2_session_set_next_stream_id(nghttp2(), opening_->id + 2);
        opening_ = nullptr;
    }

    void write_head(Stream& stream, const RequestHead& head) {
        if (&stream != opening_) return;
        if (!nghttp2_session_check_request_allowed(nghttp2()) || failed() || is_finished_) {
            skip_opening();
            return leave(stream);
        }
        opening_ = nullptr;
        stream.method = head.upgrade ? "CONNECT" : head.method;
        const Http2FieldList fields(head, scheme_);
        const auto body = body_of(stream);
        const bool has_none = is_empty(head.body) && !head.upgrade;
        stream.outbox.begin(has_none ? Http2Outbox::Body::none : Http2Outbox::Body::follows);
        const auto id = nghttp2_submit_request(nghttp2(), nullptr, fields.data(), fields.size(),
                                               has_none ? nullptr : &body, nullptr);
        SALLYPORT_CHECK(id == stream.id);
    }

    std::unique_ptr<Http2Stream> make_stream(Http2StreamId) override { SALLYPORT_CHECK(false); }

    Http2Section::Kind section_of(const Http2Stream& stream) const override {
        return stream.has_head ? Http2Section::Kind::trailers : Http2Section::Kind::response;
    }

    void take_head(Http2Stream& base, Http2Section& section, Http2Section::Ends ends) override {
        auto& stream = static_cast<Stream&>(base);
        ResponseHead head;
        const auto finished = section.finish_response(stream.method, ends, head);
        if (!finished) return malformed(stream, finished.error());
        if (head.status < 200 && !may_be_interim(stream, head)) {
            return malformed(stream, {ErrorCode::bad_request, "interim responses without end"});
        }
        if (head.status >= 200) {
            stream.has_head = true;
            stream.may_have_body = head.body.kind != BodyKind::none;
            if (head.body.kind == BodyKind::length) stream.announced_bytes = head.body.length_bytes;
        }
        stream.inbox.take_head(head);
    }

    // They are kept while the sink has paused: all of them may be as large as one head.
    bool may_be_interim(Stream& stream, const ResponseHead& head) const {
        stream.interim_bytes += head.headers.wire_size();
        return ++stream.interims <= kInterimResponsesMax && stream.interim_bytes <= limits().header_bytes_max;
    }

    void take_malformed(Http2Stream& stream, Error error) override {
        static_cast<Stream&>(stream).error = of_origin(std::move(error));
        stream.outbox.drop();
        send_reset(stream.id, Http2Error::protocol_error);
    }

    void take_end_sent(Http2Stream&) override {}
    void take_drained(Http2StreamId id) override { user_.on_stream_drained(id); }

    void take_gone(Http2Stream& base) override {
        auto& stream = static_cast<Stream&>(base);
        if (stream.has_ended) return;
        stream.inbox.detach();
        if (stream.was_reset || stream.error) return;
        stream.error = why_gone(stream);
        const bool is_refused = stream.ending == Http2Error::refused_stream && !stream.has_head;
        stream.ending_told.unprocessed = is_refused || !stream.is_head_sent;
        stream.ending_told.needs_http1 = stream.ending == Http2Error::http_1_1_required;
    }

    Error why_gone(const Stream& stream) const {
        if (failed()) return *failed();
        if (is_finished_) return {ErrorCode::origin_closed, "closed before the end of a response"};
        return {ErrorCode::origin_reset, nghttp2_http2_strerror(static_cast<std::uint32_t>(stream.ending))};
    }

    void take_closed(Http2Stream& base) override {
        auto& stream = static_cast<Stream&>(base);
        if (stream.error) stream.ending_told.error = &*stream.error;
        user_.on_stream_closed(stream.id, stream.ending_told);
    }

    void take_settings() override { user_.on_settings(); }
    void take_goaway() override {
        if (!std::exchange(takes_no_more_, true)) user_.on_goaway();
    }

    Http2ClientUser& user_;
    const Scheme scheme_;
    Stream* opening_ = nullptr;  // its head has not been written yet
    bool takes_no_more_ = false;
    bool is_finished_ = false;
};

Http2ClientCodec::Http2ClientCodec(Http2ClientUser& user, Scheme scheme, const Http2Limits& limits)
    : impl_(std::make_unique<Impl>(user, scheme, limits)) {}
Http2ClientCodec::~Http2ClientCodec() = default;
Result<void> Http2ClientCodec::feed(std::string_view bytes) { return impl_->feed(bytes); }
void Http2ClientCodec::produce(Buffer& out, std::size_t high_watermark_bytes) {
    impl_->produce(out, high_watermark_bytes);
}
bool Http2ClientCodec::wants_to_write() const { return impl_->wants_to_write(); }
void Http2ClientCodec::finish() { impl_->finish(); }
bool Http2ClientCodec::may_open() const { return impl_->may_open(); }
bool Http2ClientCodec::allows_extended_connect() const { return impl_->allows_extended_connect(); }
Http2StreamId Http2ClientCodec::open(ResponseSink& sink) { return impl_->open(sink); }
RequestWriter& Http2ClientCodec::request(Http2StreamId stream) { return impl_->request(stream); }
std::size_t Http2ClientCodec::waiting_bytes(Http2StreamId stream) const { return impl_->waiting_bytes(stream); }
bool Http2ClientCodec::is_window_shut(Http2StreamId stream) const { return impl_->is_window_shut(stream); }
void Http2ClientCodec::resume(Http2StreamId stream) { impl_->resume(stream); }
void Http2ClientCodec::reset(Http2StreamId stream, Http2Error error) { impl_->reset(stream, error); }
void Http2ClientCodec::shut_down() { impl_->shut_down(); }
std::size_t Http2ClientCodec::open_streams() const { return impl_->open_streams(); }
void Http2ClientCodec::ping() { impl_->ping(); }
bool Http2ClientCodec::is_ping_answered() const { return impl_->is_ping_answered(); }
std::size_t Http2ClientCodec::allocated_bytes() const { return impl_->allocated_bytes(); }

}  // namespace sallyport::http
