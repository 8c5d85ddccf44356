// One HTTP/2 connection over nghttp2: what both sides have in common. Feeds nghttp2 after the frame scanner, hands events to
// the streams' inboxes, takes frames from their outboxes in turns, gives windows back, and keeps the budget. Owned by a codec,
// which calls nghttp2 only to submit what is its own.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "http/http2_budget.h"
#include "http/http2_fields.h"
#include "http/http2_frame_scanner.h"
#include "http/http2_memory.h"
#include "http/http2_nghttp2.h"
#include "http/http2_section.h"
#include "http/http2_stream.h"
#include "http/http2_window.h"

namespace sallyport::http {

class Http2Session : private Http2Events {
public:
    // What a connection's end is called on this side.
    struct Faults {
        ErrorCode protocol;
        ErrorCode flood;
    };

    Http2Session(Http2Side side, const Http2Limits& limits, const Faults& faults);
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;
    virtual ~Http2Session();

    Result<void> feed(std::string_view bytes);
    void produce(Buffer& out, std::size_t high_watermark_bytes);
    bool wants_to_write() const;

    // Null where there is none (any more).
    Http2Stream* find(Http2StreamId id) const;
    std::size_t open_streams() const { return streams_.size(); }
    std::size_t allocated_bytes() const { return memory_.allocated_bytes(); }
    std::size_t waiting_bytes(Http2StreamId id) const;
    bool is_window_shut(Http2StreamId id) const;
    void resume(Http2StreamId id);

    // For the streams' writers.
    void write_body(Http2Stream& stream, std::string_view bytes);
    void write_end(Http2Stream& stream, const HeaderMap& trailers);
    void ping();
    bool is_ping_answered() const { return pings_ == 0; }

protected:
    // Of a stream that the peer begins.
    virtual std::unique_ptr<Http2Stream> make_stream(Http2StreamId id) = 0;
    virtual Http2Section::Kind section_of(const Http2Stream& stream) const = 0;
    // A head is complete. Sets what the stream has to know of it, and tells the sink.
    virtual void take_head(Http2Stream& stream, Http2Section& section, Http2Section::Ends ends) = 0;
    // The message that comes in breaks off; its sink hears nothing more. The stream is not reset yet.
    virtual void take_malformed(Http2Stream& stream, Error error) = 0;
    // A frame with END_STREAM has been sent.
    virtual void take_end_sent(Http2Stream& stream) = 0;
    virtual void take_drained(Http2StreamId id) = 0;
    // It was closed, or the connection is lost. Detaches the sink, unless that is still to hear what was kept.
    virtual void take_gone(Http2Stream& stream) = 0;
    // The last that is heard of it.
    virtual void take_closed(Http2Stream& stream) = 0;
    virtual void take_settings() {}
    virtual void take_goaway() {}
    // An answer to ping().
    virtual void take_pong() {}
    // All that feed() was given has been read.
    virtual void take_silence() {}

    nghttp2_session* nghttp2() const { return session_.get(); }
    const Http2Limits& limits() const { return limits_; }
    Http2Budget& budget() { return budget_; }
    const std::optional<Error>& failed() const { return failed_; }

    Http2Stream& add(std::unique_ptr<Http2Stream> stream);
    void malformed(Http2Stream& stream, Error error);
    // Nothing more of it goes in or out; the peer is told, where it still knows the stream.
    void abandon(Http2Stream& stream, Http2Error error);
    void send_reset(Http2StreamId id, Http2Error error);
    // nghttp2 never knew it, or does not any more.
    void leave(Http2Stream& stream);
    // The peer sends no more, and is sent no more.
    void finish();

private:
    enum class Sending { nothing, control, everything };
    int on_begin_headers(const nghttp2_frame& frame) override;
    int on_header(std::string_view name, std::string_view value) override;
    int on_data(Http2StreamId id, std::string_view bytes) override;
    int on_frame(const nghttp2_frame& frame) override;
    int on_frame_sent(const nghttp2_frame& frame) override;
    int on_frame_not_sent(const nghttp2_frame& frame) override;
    int on_gone(Http2StreamId id, std::uint32_t error) override;
    void send_bytes(std::string_view bytes) override;
    ssize_t take_body_size(Http2Stream& stream, std::size_t size_max, std::uint32_t& flags) override;
    void send_body(std::string_view frame_header, std::size_t size, Http2Stream& stream) override;

    void receive(std::string_view bytes);
    void send(Sending sending);
    void fail(Http2Error error, const char* why);
    int stop(const char* why);
    int check_budget();

    Http2Stream* begin_stream(Http2StreamId id);
    void hand_on(Http2Stream& stream, std::string_view bytes);
    void give_back(Http2Stream& stream);
    void take_data_frame(const nghttp2_frame& frame);
    void take_section(Http2StreamId id, Http2Section::Ends ends);
    void take_end(Http2Stream& stream, HeaderMap& trailers);
    void take_own_goaway(const nghttp2_goaway& goaway);
    void wake(Http2Stream& stream);
    bool tell_drained();
    // Its user is told at the end of this call, or of the next, where nothing more is to come.
    void close_if_done(Http2Stream& stream);
    void lose_all();
    void tell_closings();

    const Http2Side side_;
    const Http2Limits limits_;
    const Faults faults_;
    Http2Memory memory_;
    Http2Budget budget_;
    Http2FrameScanner scanner_;
    Http2Section section_;
    Http2WindowGrowth windows_;
    const NgHttp2 session_;
    std::unordered_map<Http2StreamId, std::unique_ptr<Http2Stream>> streams_;
    std::vector<Http2StreamId> closings_;
    std::vector<Http2StreamId> drained_;
    std::optional<Error> failed_;
    const char* stopped_ = nullptr;  // why nghttp2 was made to return
    bool is_called_ = false;         // within feed(), produce() or finish()
    std::size_t pings_ = 0;          // not answered yet

    Sending sending_ = Sending::nothing;
    Buffer control_;  // frames that feed() made nghttp2 write, in front of all that comes later
    std::size_t waiting_answer_bytes_ = 0;
    Buffer* out_ = nullptr;
    std::size_t out_bytes_max_ = 0;
};

}  // namespace sallyport::http
