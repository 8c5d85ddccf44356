// nghttp2's session as C++: its callbacks are methods, its options are ours, its memory is counted. Owned by Http2Session,
// which alone calls it.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>

#include "http/http2.h"
#include "http/http2_memory.h"
#include "http/http2_stream.h"

namespace sallyport::http {

enum class Http2Side { server, client };

// What nghttp2 calls, from within nghttp2_session_mem_recv() and nghttp2_session_send() only. An int is 0, or an error of
// nghttp2's.
class Http2Events {
public:
    virtual int on_begin_headers(const nghttp2_frame& frame) = 0;
    virtual int on_header(std::string_view name, std::string_view value) = 0;
    virtual int on_data(Http2StreamId id, std::string_view bytes) = 0;
    virtual int on_frame(const nghttp2_frame& frame) = 0;
    virtual int on_frame_sent(const nghttp2_frame& frame) = 0;
    virtual int on_frame_not_sent(const nghttp2_frame& frame) = 0;
    virtual int on_gone(Http2StreamId id, std::uint32_t error) = 0;
    // Bytes to send.
    virtual void send_bytes(std::string_view bytes) = 0;
    // How many bytes of its body go into the stream's next frame; and that frame, of as many.
    virtual ssize_t take_body_size(Http2Stream& stream, std::size_t size_max, std::uint32_t& flags) = 0;
    virtual void send_body(std::string_view frame_header, std::size_t size, Http2Stream& stream) = 0;

protected:
    ~Http2Events() = default;
};

struct NgHttp2Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using NgHttp2 = std::unique_ptr<nghttp2_session, NgHttp2Deleter>;

// With our settings waiting to be sent. Events and memory outlive the session.
NgHttp2 make_nghttp2(Http2Side side, const Http2Limits& limits, Http2Events& events, Http2Memory& memory);

// Where nghttp2 takes a stream's body from.
nghttp2_data_provider body_of(Http2Stream& stream);

inline std::string_view to_view(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace sallyport::http
