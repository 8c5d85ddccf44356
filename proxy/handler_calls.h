// The handler calls of one sandbox that run, and the connections over which handlers fetch in their name. Owned by the
// sandbox's Egress; lives on one worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/listener.h"
#include "proxy/fetch_connection.h"
#include "proxy/handler_call.h"
#include "proxy/live.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

class Egress;

class HandlerCalls final {
public:
    HandlerCalls(WorkerContext& context, Egress& egress);
    ~HandlerCalls();
    HandlerCalls(const HandlerCalls&) = delete;
    HandlerCalls& operator=(const HandlerCalls&) = delete;

    // From now on fetches come in here, and not on an earlier listener.
    void serve(UniqueFd listener);
    // Ends it: a call has passed its deadline. Nothing is sent to it any more.
    void kill_host(HandlerIncarnation incarnation);
    // The calls that run in it fail.
    void on_host_ended(HandlerIncarnation incarnation);
    // What a new snapshot denies to fetches ends now.
    void on_new_snapshot();
    // Those of fetches.
    void list(std::vector<LiveConnection>& to) const;
    // Cuts the connection of that id; whether there is one.
    bool close_connection(std::string_view id, const Error& error);

    const SandboxId& sandbox() const;
    std::size_t running() const { return by_token_.size(); }
    // The call that a token is the right to fetch for; null where it is none, or over.
    HandlerCall* find(std::string_view token) const;

    void add(HandlerCall& call);
    void remove(HandlerCall& call);
    void remove(FetchConnection& connection);
    std::size_t fetch_connections() const { return connections_.size(); }

private:
    void adopt(UniqueFd fd);

    WorkerContext& context_;
    Egress& egress_;
    std::unique_ptr<net::Listener> listener_;
    // By the token's first half, which may be found out by measuring how long a look-up takes; the other half is
    // compared in constant time.
    std::unordered_map<std::string, HandlerCall*> by_token_;
    std::unordered_map<FetchConnection*, std::unique_ptr<FetchConnection>> connections_;
};

}  // namespace sallyport::proxy
