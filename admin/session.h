// One connection of the admin API without the connection: bytes in, calls on the Api, bytes out. No sockets, no clocks.
// Requests are answered one after the other; what comes meanwhile waits. Owned by the connection that feeds it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/admission.h"
#include "admin/api.h"
#include "admin/call.h"
#include "admin/event_hub.h"
#include "admin/reply_writer.h"
#include "base/buffer.h"
#include "http/http1_codec.h"

namespace sallyport::admin {

// What all sessions share; outlives them.
struct SessionContext {
    Api& api;
    const Admission& admission;
    EventHub& events;
    std::function<void(std::string_view who, std::string_view why)> refused;
};

class Session final : private http::RequestSink, private Subscriber {
public:
    // What is waited for.
    enum class Phase {
        idle,     // the next request
        head,     // the rest of one
        body,
        answer,   // the Api's
        events,   // none: a subscriber's connection stays
        closing,  // nothing more is taken; the connection ends when out() is written
    };

    // `on_output`: there is something in out() that was not there when feed() returned.
    Session(const SessionContext& context, Peer peer, std::function<void()> on_output);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void feed(std::string_view bytes);
    // Whether feed() would get anywhere; what is fed otherwise is kept.
    bool wants_input() const;
    Phase phase() const;
    // To be consumed by the owner, who then calls on_drained().
    Buffer& out() { return out_; }
    void on_drained();

    // The deadline of the present phase has passed: 408, 503, or just the end.
    void on_deadline();
    // Writes a comment to a stream of events.
    void keep_alive();

private:
    http::Next on_request_head(http::RequestHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;
    void on_event(std::string_view text) override;

    void step();
    void refuse(Refused refused, bool has_body);
    void note(const Refused& refused);
    void dispatch();
    void subscribe();
    void answer(Reply reply);
    void write(Reply reply);
    void fail(Reply reply);
    void flush_dropped();
    Done done();

    const SessionContext& context_;
    Peer peer_;
    std::function<void()> on_output_;
    http::Http1RequestParser parser_;
    Buffer pending_;
    Buffer out_;

    std::optional<Call> call_;
    std::optional<Reply> refusal_;  // of the request that is being read
    bool keep_alive_ = true;
    bool is_head_ = false;
    StreamForm stream_form_ = StreamForm::chunked;
    enum class State { reading, body, answer, events, closing } state_ = State::reading;
    bool is_stepping_ = false;
    std::uint64_t dropped_ = 0;
    std::uint64_t answers_ = 0;  // so that a late answer is known for what it is
    // The Api may answer when this session is gone.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace sallyport::admin
