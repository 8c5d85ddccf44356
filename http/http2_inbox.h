// What arrives on one HTTP/2 stream, on its way to the stream's sink: handed on at once, or kept in order while the sink has
// paused. The stream's window bounds the body that is kept, and the limits its heads. Owned by one stream.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "http/codec.h"

namespace sallyport::http {

class Http2Inbox {
public:
    // One of them, which outlives its attachment.
    void attach(RequestSink& sink) { request_sink_ = &sink; }
    void attach(ResponseSink& sink) { response_sink_ = &sink; }
    bool is_attached() const { return request_sink_ != nullptr || response_sink_ != nullptr; }
    // The sink hears nothing more, what was kept is gone. Also from within a call to it.
    void detach();

    // In the order of arrival. A request's head is the first of all. Nothing happens without a sink.
    void take_head(RequestHead& head);
    void take_head(ResponseHead& head);
    void take_body(std::string_view bytes);
    void take_end(HeaderMap& trailers);
    // Hands over what was kept, until the sink pauses again. Does nothing from within a call to the sink, which goes on by
    // what it returns.
    void resume();

    // Since this was asked last.
    bool has_paused() { return std::exchange(has_paused_, is_paused_); }
    // The sink has been told of the message's end.
    bool has_told_all() const { return has_told_all_; }
    // Bytes of the body that the sink has taken, but those after which it has paused; each is returned once.
    std::size_t take_credit();

private:
    void tell(Next next);
    void tell_body(std::string_view bytes);
    void tell_end(HeaderMap& trailers);
    bool is_keeping() const { return is_paused_ || is_telling_; }
    bool may_tell() const { return is_attached() && !is_paused_; }
    void hand_over();

    RequestSink* request_sink_ = nullptr;
    ResponseSink* response_sink_ = nullptr;
    bool is_paused_ = false;
    bool is_telling_ = false;
    bool has_told_all_ = false;
    bool has_paused_ = false;
    std::size_t credit_ = 0;
    std::size_t paused_bytes_ = 0;  // after which it has paused

    std::vector<ResponseHead> kept_heads_;
    Buffer kept_body_;
    bool has_kept_end_ = false;
    HeaderMap kept_trailers_;
};

}  // namespace sallyport::http
