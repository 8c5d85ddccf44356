#include "http/http2_nghttp2.h"

#include <vector>

#include "base/check.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kFrameHeaderBytes = 9;
// More than any head that is forwarded: its fields, and what is added to them.
constexpr std::size_t kSentHeadBytesMax = 512 * 1024;

struct OptionDeleter {
    void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct CallbacksDeleter {
    void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

std::unique_ptr<nghttp2_option, OptionDeleter> make_options() {
    nghttp2_option* option = nullptr;
    SALLYPORT_CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    // http2_section.h says why.
    nghttp2_option_set_no_http_messaging(option, 1);
    // They would be kept for the tree of priorities, which has no effect here.
    nghttp2_option_set_no_closed_streams(option, 1);
    // It counts a frame again for each piece in which its header arrives; the scanner counts frames.
    nghttp2_option_set_max_continuations(option, SIZE_MAX);
    nghttp2_option_set_max_send_header_block_length(option, kSentHeadBytesMax);
    // It has a clock, and counts those who complete a thousand requests like those who complete none.
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
    return std::unique_ptr<nghttp2_option, OptionDeleter>(option);
}

// Each casts, and calls one method.
Http2Events& of(void* self) { return *static_cast<Http2Events*>(self); }

ssize_t send(nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* self) noexcept {
    of(self).send_bytes(to_view(data, size));
    return static_cast<ssize_t>(size);
}
int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t size,
              nghttp2_data_source* source, void* self) noexcept {
    of(self).send_body(to_view(header, kFrameHeaderBytes), size, *static_cast<Http2Stream*>(source->ptr));
    return 0;
}
ssize_t read_data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                  nghttp2_data_source* source, void* self) noexcept {
    return of(self).take_body_size(*static_cast<Http2Stream*>(source->ptr), size, *flags);
}
int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
    return of(self).on_begin_headers(*frame);
}
int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) noexcept {
    return of(self).on_header(to_view(name, name_size), to_view(value, value_size));
}
int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
         void* self) noexcept {
    return of(self).on_data(id, to_view(bytes, size));
}
int frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
    return of(self).on_frame(*frame);
}
int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
    return of(self).on_frame_sent(*frame);
}
int frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* self) noexcept {
    return of(self).on_frame_not_sent(*frame);
}
int gone(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) noexcept {
    return of(self).on_gone(id, error);
}

std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> make_callbacks() {
    nghttp2_session_callbacks* all = nullptr;
    SALLYPORT_CHECK(nghttp2_session_callbacks_new(&all) == 0);
    nghttp2_session_callbacks_set_send_callback(all, send);
    nghttp2_session_callbacks_set_send_data_callback(all, send_data);
    nghttp2_session_callbacks_set_on_begin_headers_callback(all, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(all, header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(all, frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(all, frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(all, frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(all, gone);
    return std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter>(all);
}

void submit_settings(nghttp2_session* session, Http2Side side, const Http2Limits& limits) {
    std::vector<nghttp2_settings_entry> settings = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes_max)},
    };
    if (side == Http2Side::server) {
        settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams_max});
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
        settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    } else {
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    }
    SALLYPORT_CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
    const auto window = static_cast<std::int32_t>(limits.connection_window_bytes);
    SALLYPORT_CHECK(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window) == 0);
}

}  // namespace

NgHttp2 make_nghttp2(Http2Side side, const Http2Limits& limits, Http2Events& events, Http2Memory& memory) {
    const auto callbacks = make_callbacks();
    const auto options = make_options();
    nghttp2_session* session = nullptr;
    const auto make = side == Http2Side::server ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
    SALLYPORT_CHECK(make(&session, callbacks.get(), &events, options.get(), memory.hooks()) == 0);
    submit_settings(session, side, limits);
    return NgHttp2(session);
}

nghttp2_data_provider body_of(Http2Stream& stream) {
    nghttp2_data_provider provider;
    provider.source.ptr = &stream;
    provider.read_callback = read_data;
    return provider;
}

}  // namespace sallyport::http
