// How the data plane reaches the processes in which handlers run. Implemented by whoever supervises those processes (on
// another thread); called by workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

// Which start of a sandbox's handler host: counts from 1; a host that was ended never comes back under its number.
using HandlerIncarnation = StrongId<struct HandlerIncarnationTag, std::uint64_t>;

// A stream socket to a handler host, connected; HTTP/1.1 is spoken on it (docs/handlers.md).
struct HandlerConnection {
    UniqueFd fd;
    HandlerIncarnation incarnation;
    // Where the host finds the gate for what it fetches: a path as the host sees it.
    std::string fetch_path;
};

class HandlerLink {
public:
    virtual ~HandlerLink() = default;

    // Starts the sandbox's handler host where it does not run, with the script (or service) of `snapshot`, and connects.
    // `done` is called on `loop`, once, later: handler_unavailable where there is no host to be had (it does not start,
    // it crashed and its back-off lasts). The host's listener for fetches has been given to the worker by then
    // (Worker::serve_fetches). Any thread.
    virtual void connect(const SandboxId& sandbox, std::shared_ptr<const rules::PolicySnapshot> snapshot, net::Loop& loop,
                         std::function<void(Result<HandlerConnection>)> done) = 0;

    // Ends that host at once: a call has passed its deadline. Another one is started when it is needed. Any thread.
    virtual void kill(const SandboxId& sandbox, HandlerIncarnation incarnation) = 0;
};

}  // namespace sallyport::proxy
