// One request and its response, from the head's arrival to its line in the access log. Sits between the connection that
// owns it (a sandbox's, or one over which a handler fetches) and the upstream connection that it borrows; reused for each
// request of its connection. What it does is in stream.cc (the request), stream_response.cc, stream_guard.cc (what
// credentials have to do with either) and stream_record.cc (logs).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/validate.h"
#include "proxy/handler_call.h"
#include "proxy/limiter.h"
#include "proxy/live.h"
#include "proxy/request_body.h"
#include "proxy/stream_owner.h"
#include "proxy/upstream.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class Egress;
class GuardedExchange;

class Stream final : public UpstreamUser, private HandlerCallUser {
public:
    Stream(WorkerContext& context, Egress& egress, StreamOwner& owner);
    ~Stream() override;

    // From the owner's codec. `started` is when the head's first byte came; `caller`, where it is a handler that fetches,
    // outlives the request or cuts it.
    http::Next on_request_head(http::RequestHead& head, net::Clock::time_point started, HandlerCall* caller = nullptr);
    // A request that the owner has judged already: answered and logged like any other.
    http::Next refuse(http::RequestHead& head, Error error, net::Clock::time_point started);
    http::Next on_request_body(std::string_view bytes);
    http::Next on_request_end(http::HeaderMap& trailers);
    // A request that could not be parsed: answered and logged like any other.
    void on_request_error(Error error, net::Clock::time_point started);
    // After the pieces that one read brought.
    void on_downstream_round_end();
    // Less waits to be written than the low watermark.
    void on_downstream_drained();
    // Cuts a request that the sandbox's new snapshot denies, or lets through with other rights.
    void on_new_snapshot();
    // The client is gone, or too slow: no answer can reach it.
    void abort(Error error);

    // From a head's arrival until its response is complete.
    bool is_active() const { return phase_ != Phase::idle; }
    // The request's body is still to come, or to be thrown away.
    bool awaits_request_body() const { return is_active() && !request_done_; }
    // All of it has been handed over, either way; only the end is still to be noted.
    bool is_complete() const { return is_active() && request_done_ && (phase_ == Phase::answered || response_done_); }
    // Switched to WebSocket: what comes is no message of HTTP any more, and goes to on_request_body() as it is.
    bool is_relaying() const { return is_active() && relaying_; }
    // While relaying: the client will send no more.
    void on_client_finished();
    // All that came from the owner has been passed on, and nothing waits for it.
    bool waits_for_origin() const;

    // What runs, for operators.
    void describe(LiveConnection& live) const;

    http::Next on_response_head(http::ResponseHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;
    void on_upstream_round_end() override;
    void on_upstream_drained() override;
    void on_upstream_open() override;
    void on_upstream_failed(Error error) override;

private:
    enum class Phase {
        idle,
        forwarding,  // the response comes from the origin, or from a handler
        answered,    // the response was ours; the rest of the request is thrown away
    };

    void begin(net::Clock::time_point started, http::RequestHead& head);
    Result<void> judge();
    Result<void> check_authority() const;
    Result<void> read_upgrade();
    rules::Decision decide(const rules::PolicySnapshot& snapshot, bool& is_ruled) const;
    Result<void> check_cleartext() const;
    Result<void> admit();
    Result<void> act();
    http::Scheme origin_scheme() const;
    UpstreamKey upstream_key() const;
    Result<void> open_upstream(bool retry);
    bool can_retry() const;
    Result<void> send_head();
    void say_continue();
    Result<void> complete_head(http::RequestHead& head);
    Result<void> end_request_body(http::HeaderMap& trailers);
    void answer_by_rule();
    void answer_by_rule(const rules::Respond& respond);
    bool may_keep_alive_after_answer() const;
    void go_on_after_answer();
    bool has_same_rights(const rules::PolicySnapshot& now, const rules::Decision& decision) const;
    bool has_same_limits(const rules::PolicySnapshot& now, const rules::Decision& decision) const;

    // Credentials: stream_guard.cc.
    const rules::TokenSwap* token_swap() const;
    bool has_to_be_guarded() const;
    void guard();
    rules::BodyUse body_use() const;
    Result<void> gather_body();
    Result<void> put_in_secrets(http::RequestHead& head);
    Result<void> take_request_body(std::string_view bytes);
    Result<void> gather(std::string_view bytes);
    bool learns_secrets_of(const std::shared_ptr<const rules::PolicySnapshot>& now);
    Result<void> guard_websocket(http::ResponseHead& head);
    http::Next relay_guarded(std::string_view bytes);
    http::Next pass_guarded(std::string_view bytes);
    Result<void> go_on_with_response();
    Result<void> finish_guarded(http::HeaderMap& trailers);
    void await_pause();
    void on_origin_paused();
    void drop_secrets();

    Result<void> take_response_head(http::ResponseHead& head);
    Result<void> switch_protocol(http::ResponseHead& head);
    void pass_interim_response(http::ResponseHead& head);
    void write_response_head(http::ResponseHead& head);
    void choose_response_framing(http::ResponseHead& head);
    void write_response_body(std::string_view bytes);
    http::Next hold_back_if_slow();
    bool response_keeps_alive() const;
    void complete();

    // HandlerCallUser.
    bool waits_for_handler() const override;
    void on_handler_failed(Error error) override { fail(std::move(error)); }

    void fail(Error error);
    void reply_locally(const Error& error);
    void drop_upstream();
    void end();
    void finish(bool keep_alive);

    Result<void> record_decision(const Error* error);
    void log_line();
    std::string_view loggable_target() const;
    void describe_request(AccessRecord& record) const;
    void describe_outcome(AccessRecord& record) const;
    bool was_denied() const;

    WorkerContext& context_;
    Egress& egress_;
    StreamOwner& owner_;

    Phase phase_ = Phase::idle;
    RequestId id_;
    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    http::RequestHead head_;      // as decided on
    http::RequestHead outgoing_;  // a copy with what is not the sandbox's to see, while it is being written
    http::CanonicalRequest canonical_;
    bool is_canonical_ = false;
    rules::Decision decision_;
    bool is_ruled_ = true;         // see FetchDecision
    std::string websocket_key_;    // empty where none is asked for
    Limiter::Permit permit_;
    std::size_t gathered_bytes_ = 0;                             // of the body, that wait
    std::shared_ptr<const rules::PolicySnapshot> known_secrets_;  // whose are looked for; null: snapshot_'s
    std::unique_ptr<GuardedExchange> guard_;  // null where no secret has to do with it
    rules::BodyUse body_use_ = rules::BodyUse::untouched;
    RequestBody body_;
    std::unique_ptr<rules::BodyRewriter> websocket_rewriter_;  // until the switch
    std::unique_ptr<HandlerCall> call_;  // where a handler answers
    HandlerCall* caller_ = nullptr;      // where a handler asks
    RequestId caller_id_;
    Upstream* upstream_ = nullptr;
    std::string upstream_endpoint_;
    bool upstream_reused_ = false;
    UpstreamTimings upstream_timings_;

    bool relaying_ = false;
    bool audited_ = false;
    bool logged_ = false;
    bool keep_alive_ = false;          // what the reply said
    bool request_done_ = false;
    bool request_paused_ = false;
    http::BodyKind response_body_ = http::BodyKind::none;
    bool response_started_ = false;    // its head has been written
    bool response_done_ = false;
    bool origin_keeps_alive_ = false;
    bool response_paused_ = false;
    bool response_has_more_ = false;   // than the guard has let out so far, without anything new
    http::ResponseHead held_head_;     // until the body is whole
    Buffer piece_;                     // of the response, guarded
    Buffer frames_;                    // of a guarded WebSocket, to the origin
    std::unique_ptr<net::Timer> origin_pause_;  // made when first needed
    std::optional<Error> response_error_;  // found inside feed(), acted on after it
    bool reads_handler_reason_ = false;    // response_error_ is the handler's own: its body says why
    std::optional<Error> error_;
    int status_ = 0;
    std::uint64_t request_bytes_ = 0;
    std::uint64_t response_bytes_ = 0;

    net::Clock::time_point started_;
    net::Clock::time_point head_done_;
    net::Clock::time_point sent_;
    net::Clock::time_point first_byte_;
};

}  // namespace sallyport::proxy
