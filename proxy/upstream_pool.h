// The connections of one sandbox to origins: HTTP/1.1 ones that are idle, by key, HTTP/2 ones that may be shared, by key, and all
// of them by owner; what origins speak; and the TLS sessions to resume. Nothing here is shared with another sandbox, another
// credential or another generation. Lives on one worker.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/linked_stream.h"
#include "proxy/origin_protocols.h"
#include "proxy/own_addresses.h"
#include "proxy/upstream.h"

namespace sallyport::proxy {

class UpstreamPool;

// What an origin speaks, being found out. Destroying it means the callback will not come.
class ProtocolQuestion final {
public:
    ~ProtocolQuestion();
    ProtocolQuestion(const ProtocolQuestion&) = delete;
    ProtocolQuestion& operator=(const ProtocolQuestion&) = delete;

private:
    friend class UpstreamPool;
    using Done = std::function<void(std::optional<Spoken>)>;
    ProtocolQuestion(UpstreamPool& pool, std::string key, Done done)
        : pool_(&pool), key_(std::move(key)), done_(std::move(done)) {}

    UpstreamPool* pool_;  // null once it is answered
    std::string key_;
    Done done_;
};

class UpstreamPool final : private LinkOwner {
public:
    // `sandbox`: whose handler host its handlers run in.
    explicit UpstreamPool(WorkerContext& context, SandboxId sandbox = {});
    ~UpstreamPool();
    UpstreamPool(const UpstreamPool&) = delete;
    UpstreamPool& operator=(const UpstreamPool&) = delete;

    enum class Freshness { any, fresh };
    // For one request: on an idle connection (the one used last, the least likely to be stale), on one that is shared and has
    // room, or on a new one that has begun to connect. `fresh`: not on one that is idle. too_many_connections at the limit. The
    // caller attaches at once. A key that `needs_http1` is for an upgrade to WebSocket: that also goes onto a shared
    // connection whose origin takes extended CONNECT.
    Result<Upstream*> acquire(const UpstreamKey& key, const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
                              Freshness freshness);
    // After a clean message end: waits for the next request.
    void release(Upstream& upstream);
    // Closed now, deleted later.
    void discard(Upstream& upstream);
    // Idle connections of earlier generations are of no use any more; those that are shared take no more requests.
    void retire_before(Generation generation);
    bool is_of_use(Generation generation) const { return !(generation < oldest_); }
    void close_idle();
    // Those to a handler host that has ended.
    void close_idle_handlers(HandlerIncarnation incarnation);

    // What the key's origin is known to speak, over TLS.
    std::optional<Spoken> known_protocol(const UpstreamKey& key);
    // Finds out by connecting; the connection is left for the first request with the same key, whatever its credential
    // where `key` says kAnyCredential. Those who ask at the same time share it. `done` is called later: with nullopt where
    // there was no connection.
    std::unique_ptr<ProtocolQuestion> learn(const UpstreamKey& key,
                                            const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
                                            std::function<void(std::optional<Spoken>)> done);

    const SandboxId& sandbox() const { return sandbox_; }
    OwnAddresses& own_addresses() { return own_addresses_; }
    OriginProtocols& protocols() { return protocols_; }

    void resume_session(const UpstreamKey& key, SSL* ssl);
    // Takes ownership.
    void keep_session(const UpstreamKey& key, SSL_SESSION* session) override;

    // Connections to origins.
    std::size_t size() const { return connections_; }
    std::size_t links() const { return links_.size(); }
    // Connections to origins that are not the pool's count towards its bound too.
    void set_outside(std::size_t connections) { outside_ = connections; }
    bool is_full() const { return connections_ + outside_ >= context_.connections_max; }

    // For upstreams: what they have found, or that they have to find another connection.
    void on_http1(Upstream& upstream);
    void on_http2(Upstream& upstream);
    void on_failed(Upstream& upstream, const Error& error);
    Result<void> place(Upstream& upstream);

private:
    friend class ProtocolQuestion;

    struct SessionFree {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };
    struct Session {
        std::string key;
        std::unique_ptr<SSL_SESSION, SessionFree> session;
    };
    // Requests with one key that wait for a link.
    struct Gathering {
        Upstream* leader = nullptr;  // connects for all; null: they wait for room
        std::deque<Upstream*> waiting;
    };
    struct Probe {
        Upstream* prober = nullptr;
        std::vector<ProtocolQuestion*> questions;
    };

    // LinkOwner.
    void on_link_retired(Http2Link& link) override;
    void on_link_room(Http2Link& link) override;
    void on_link_closed(Http2Link& link) override;

    const std::string& text_of(const UpstreamKey& key);
    Upstream* make(const UpstreamKey& key, const std::shared_ptr<const rules::PolicySnapshot>& snapshot);
    void connect(Upstream& upstream);
    Upstream* take_idle(const UpstreamKey& key);
    Upstream* take_unclaimed(const UpstreamKey& key);
    Http2Link* find_link(const UpstreamKey& key);
    Http2Link* claim_link(const UpstreamKey& key);
    Http2Link* find_websocket_link(UpstreamKey key);
    Http2Link& make_link(Upstream& upstream);
    bool speaks_http2(const UpstreamKey& key);
    void keep_idle(Upstream& upstream);
    void forget_idle(const Upstream& upstream);
    void forget_waiting(Upstream& upstream);
    void go_on(const UpstreamKey& key);
    void go_on_with(const UpstreamKey& key);
    void answer(const Upstream& prober, std::optional<Spoken> spoken);
    void forget(ProtocolQuestion& question);
    template <class Predicate>
    void discard_idle(Predicate unwanted);
    void retire_links(const std::function<bool(const Http2Link&)>& unwanted);

    WorkerContext& context_;
    const SandboxId sandbox_;
    std::size_t connections_ = 0;
    std::size_t outside_ = 0;
    std::unordered_map<Upstream*, std::unique_ptr<Upstream>> all_;
    std::unordered_map<std::string, std::vector<Upstream*>> idle_;
    std::unordered_map<Http2Link*, std::unique_ptr<Http2Link>> links_;
    std::unordered_map<std::string, std::vector<Http2Link*>> shared_;  // that take requests
    std::unordered_map<std::string, Gathering> gatherings_;
    std::vector<UpstreamKey> to_go_on_;
    bool is_going_on_ = false;
    std::unordered_map<std::string, Probe> probes_;
    OriginProtocols protocols_{kOriginProtocolsMax};
    std::string key_text_;  // reused, so that a look-up allocates nothing
    Generation oldest_;  // that is still of use
    std::list<Session> sessions_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Session>::iterator> session_by_key_;
    OwnAddresses own_addresses_;
};

// Sets what upstream connections rely on: their sessions come to their pools.
void prepare_client_context(SSL_CTX* context);

}  // namespace sallyport::proxy
