// The connections of one sandbox to origins: idle ones by key, all of them by owner; and the TLS sessions to resume.
// Nothing here is shared with another sandbox, another credential or another generation. Lives on one worker.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/own_addresses.h"
#include "proxy/upstream.h"

namespace sallyport::proxy {

class UpstreamPool final {
public:
    // `sandbox`: whose handler host its handlers run in.
    explicit UpstreamPool(WorkerContext& context, SandboxId sandbox = {})
        : context_(context), sandbox_(std::move(sandbox)), own_addresses_(context.loop) {}
    ~UpstreamPool();
    UpstreamPool(const UpstreamPool&) = delete;
    UpstreamPool& operator=(const UpstreamPool&) = delete;

    enum class Freshness { any, fresh };
    // An idle connection (the one used last, the least likely to be stale), or a new one that has begun to connect.
    // too_many_connections at the limit. The caller attaches at once.
    Result<Upstream*> acquire(const UpstreamKey& key, const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
                              Freshness freshness);
    // After a clean message end: waits for the next request.
    void release(Upstream& upstream);
    // Closed now, deleted later.
    void discard(Upstream& upstream);
    // Idle connections of earlier generations are of no use any more.
    void retire_before(Generation generation);
    void close_idle();
    // Those to a handler host that has ended.
    void close_idle_handlers(HandlerIncarnation incarnation);

    const SandboxId& sandbox() const { return sandbox_; }
    OwnAddresses& own_addresses() { return own_addresses_; }

    void resume_session(Upstream& upstream, SSL* ssl);
    // Takes ownership.
    void keep_session(Upstream& upstream, SSL_SESSION* session);

    std::size_t size() const { return all_.size(); }
    // Connections to origins that are not the pool's count towards its bound too.
    void set_outside(std::size_t connections) { outside_ = connections; }
    bool is_full() const { return all_.size() + outside_ >= context_.connections_max; }

private:
    struct SessionFree {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };
    struct Session {
        std::string key;
        std::unique_ptr<SSL_SESSION, SessionFree> session;
    };

    Upstream* take_idle(const UpstreamKey& key);
    void forget_idle(const Upstream& upstream);
    template <class Predicate>
    void discard_idle(Predicate unwanted);

    WorkerContext& context_;
    const SandboxId sandbox_;
    std::size_t outside_ = 0;
    std::unordered_map<Upstream*, std::unique_ptr<Upstream>> all_;
    std::unordered_map<std::string, std::vector<Upstream*>> idle_;
    std::string key_text_;  // reused, so that a look-up allocates nothing
    Generation oldest_;  // that is still of use
    std::list<Session> sessions_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Session>::iterator> session_by_key_;
    OwnAddresses own_addresses_;
};

// Sets what upstream connections rely on: their sessions come to their pools.
void prepare_client_context(SSL_CTX* context);

}  // namespace sallyport::proxy
