// One request and its response, from the head's arrival to its line in the access log. Sits between the downstream
// connection that owns it and the upstream connection that it borrows; reused for each request of its connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/validate.h"
#include "proxy/upstream.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class Downstream;
class Egress;

// What the connection was opened for, before any request: the name its address, or its SNI, stands for.
struct ConnectionTarget {
    http::Scheme scheme = http::Scheme::http;
    std::string host;            // canonical; empty where only the request's Host can tell (cleartext to a real address)
    bool is_address = false;
    std::string address_literal; // the original destination, canonical, where it is a real address
    std::uint16_t port = 0;

    http::Authority authority() const { return {host, port, is_address}; }
};

class Stream final : public UpstreamUser {
public:
    Stream(WorkerContext& context, Egress& egress, Downstream& downstream);
    ~Stream() override;

    // From the downstream codec. `started` is when the head's first byte came.
    http::Next on_request_head(http::RequestHead& head, net::Clock::time_point started);
    http::Next on_request_body(std::string_view bytes);
    http::Next on_request_end(http::HeaderMap& trailers);
    // A request that could not be parsed: answered and logged like any other.
    void on_request_error(Error error, net::Clock::time_point started);
    // After the pieces that one read brought.
    void on_downstream_round_end();
    // Less waits to be written than the low watermark.
    void on_downstream_drained();
    // Cuts a request that the sandbox's new snapshot denies, or gives another credential to.
    void on_new_snapshot();
    // The client is gone, or too slow: no answer can reach it.
    void abort(Error error);

    // From a head's arrival until its response is complete.
    bool is_active() const { return phase_ != Phase::idle; }
    // The request's body is still to come, or to be thrown away.
    bool awaits_request_body() const { return is_active() && !request_done_; }

    http::Next on_response_head(http::ResponseHead& head) override;
    http::Next on_body(std::string_view bytes) override;
    http::Next on_message_end(http::HeaderMap& trailers) override;
    void on_upstream_round_end() override;
    void on_upstream_drained() override;
    void on_upstream_failed(Error error) override;

private:
    enum class Phase {
        idle,
        forwarding,  // the response comes from the origin
        refused,     // the response was ours; the rest of the request is thrown away
    };

    void begin(net::Clock::time_point started);
    Result<void> judge();
    Result<void> check_authority() const;
    void prepare_head();
    Result<void> open_upstream(bool retry);
    bool can_retry() const;
    Result<void> send_head();
    Result<void> accept_response(http::ResponseHead& head);
    void choose_response_framing(http::ResponseHead& head);
    void pass_interim_response(http::ResponseHead& head);
    bool response_keeps_alive() const;
    void complete();
    void fail(Error error);
    void reply_locally(const Error& error);
    void drop_upstream();
    void finish(bool keep_alive);
    void log_line();
    void describe_request(AccessRecord& record) const;
    void describe_outcome(AccessRecord& record) const;
    bool was_denied() const;

    WorkerContext& context_;
    Egress& egress_;
    Downstream& downstream_;

    Phase phase_ = Phase::idle;
    RequestId id_;
    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    http::RequestHead head_;          // as decided on: without a credential
    http::RequestHead credentialed_;  // a copy with it, while it is being written
    http::CanonicalRequest canonical_;
    bool is_canonical_ = false;
    rules::Decision decision_;
    Upstream* upstream_ = nullptr;
    std::string upstream_endpoint_;
    bool upstream_reused_ = false;
    UpstreamTimings upstream_timings_;

    bool logged_ = false;
    bool keep_alive_ = false;          // what the reply said
    bool request_done_ = false;
    bool request_paused_ = false;
    http::BodyKind response_body_ = http::BodyKind::none;
    bool response_started_ = false;    // its head has been written
    bool response_done_ = false;
    bool origin_keeps_alive_ = false;
    bool response_paused_ = false;
    std::optional<Error> response_error_;  // found inside feed(), acted on after it
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
