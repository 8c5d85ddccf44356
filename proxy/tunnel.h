// A connection from a sandbox whose bytes are not looked at: raw TCP by name, or TLS that a rule lets through. It dials at
// once, so that protocols in which the server speaks first work; joins both connections; and ends with one line in the
// access log. Whatever goes wrong, the client sees a reset (a TLS alert where the policy refuses a greeting that has not
// gone out), never a silence. Owned by the sandbox's Egress. Lives on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "proxy/access_log.h"
#include "proxy/connection_id.h"
#include "proxy/connection_target.h"
#include "proxy/limiter.h"
#include "proxy/origin_dialer.h"
#include "proxy/relay.h"
#include "proxy/worker_context.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

class Egress;

// Who wants what, and by which rule: the decision's views point into the snapshot.
struct TunnelOrder {
    rules::TunnelKind kind = rules::TunnelKind::tcp;
    ConnectionTarget target;
    std::shared_ptr<const rules::PolicySnapshot> snapshot;
    rules::Decision decision;
};

class Tunnel final {
public:
    // The order's decision allows it.
    Tunnel(WorkerContext& context, Egress& egress, UniqueFd fd, TunnelOrder order);
    ~Tunnel();
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    // Records, dials: call once, when the egress owns it. `first_bytes` have been read already, and go out first.
    void start(std::string_view first_bytes);

    // Cut, unless the egress's snapshot grants the same: networks, and limits.
    void on_new_snapshot();
    void cut(Error error) { fail(std::move(error)); }
    LiveConnection describe() const;
    const ConnectionId& connection_id() const { return id_; }
    bool is_proxied() const { return order_.target.is_proxied; }

private:
    Result<void> admit(std::size_t first_bytes);
    void on_dialled(Result<UniqueFd> fd);
    void on_client_ready(int ready);
    void on_origin_ready(int ready);
    void take_from_client();
    void take_from_origin();
    void end_round();
    void note_progress();
    void fail(Error error);
    void refuse_greeting();
    void close();
    void log_line();
    AccessRecord describe_record() const;
    bool was_denied() const;
    bool is_open() const { return origin_ != nullptr; }

    WorkerContext& context_;
    Egress& egress_;
    TunnelOrder order_;
    const ConnectionId id_ = ConnectionId::random();
    const RequestId request_id_;
    Limiter::Permit permit_;
    net::Connection client_;
    std::unique_ptr<net::Connection> origin_;  // null while dialling
    std::unique_ptr<OriginDialer> dialer_;
    Relay to_origin_;
    std::optional<Relay> to_client_;
    std::optional<Error> error_;
    std::string origin_text_;
    std::uint64_t dns_us_ = 0;
    std::uint64_t connect_us_ = 0;
    std::uint64_t progress_ = 0;  // bytes passed, both ways, when the idle deadline was last set
    net::Clock::time_point opened_;
    net::Timer idle_;
    bool closed_ = false;
};

}  // namespace sallyport::proxy
