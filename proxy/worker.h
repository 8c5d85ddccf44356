// One thread of the data plane, with everything that its sandboxes need. Workers share nothing but immutable snapshots
// and the access log's file; others talk to a worker by posting to its loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "certs/tls_context.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "proxy/access_log.h"
#include "proxy/audit_log.h"
#include "proxy/egress.h"
#include "proxy/handler_link.h"
#include "proxy/live.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

struct WorkerOptions {
    net::ResolverOptions resolver;
    Deadlines deadlines;
    std::vector<std::string> upstream_ca_files;
    std::size_t connections_max = kConnectionsMax;  // per sandbox and side
    // Which of the workers: request ids of two workers never meet.
    unsigned index = 0;
    AuditLog* audit = nullptr;         // null: decisions are not recorded
    HandlerLink* handlers = nullptr;   // null: handlers cannot be called
    // Called on the worker's thread with complete lines of the access log, while `tapped` is true.
    std::function<void(std::string_view lines)> on_access_lines;
    const std::atomic<bool>* tapped = nullptr;
};

class Worker final {
public:
    // Fails where a CA file cannot be read.
    static Result<std::unique_ptr<Worker>> create(const WorkerOptions& options, AccessLogFile& log_file);
    ~Worker();

    void start();
    // The rest: from any thread, after start().
    // A sandbox of the same id is another one: what the earlier one had is cut first.
    void add(EgressParts parts);
    // `applied` (may be empty) is called on the worker's thread once no request is decided by an older snapshot any more,
    // and what the new one denies has been cut: in the same turn of the loop. Also for a sandbox that is not there. Not
    // called any more once the worker has stopped; that holds for all the calls below.
    void publish(const SandboxId& id, std::shared_ptr<const rules::PolicySnapshot> snapshot,
                 std::function<void()> applied = {});
    // Takes what the sandbox's handler host fetches from this listener (a unix socket), instead of an earlier one.
    void serve_fetches(const SandboxId& id, HandlerIncarnation incarnation, UniqueFd listener);
    // That host has ended: its calls fail.
    void handler_ended(const SandboxId& id, HandlerIncarnation incarnation);
    // `done` is called on the worker's thread.
    void list_connections(std::function<void(std::vector<LiveConnection>)> done);
    void read_counters(std::function<void(Counters)> done);
    // Cuts it, where `may_close` (called on the worker's thread) says so of its sandbox; whether it has.
    void close_connection(std::string id, std::function<bool(std::string_view sandbox)> may_close,
                          std::function<void(bool)> done);
    // Serves a connection that was accepted elsewhere, and meant for `destination`.
    void adopt(const SandboxId& id, UniqueFd fd, const net::Endpoint& destination);
    // Serves one that came to the explicit proxy.
    void adopt(const SandboxId& id, UniqueFd fd, ProxyOpening opening);
    // Null: the sandbox has none. `applied` (may be empty) is called on the worker's thread once what came in by an earlier one
    // has been cut. Also for a sandbox that is not there.
    void set_proxy_credential(const SandboxId& id, std::shared_ptr<const ProxyCredential> credential,
                              std::function<void()> applied = {});
    // Forgets a sandbox: its connections are cut, its listeners closed. `removed` (may be empty): on the worker's thread.
    void remove(const SandboxId& id, std::function<void()> removed = {});
    // Calls `drained` on this worker's thread when no request runs any more, or the deadline has passed.
    void drain(std::function<void()> drained);
    // Ends the thread; open connections are reset.
    void stop();

private:
    Worker(const WorkerOptions& options, AccessLogFile& log_file);

    Egress* find(const SandboxId& id);
    // Ends it now, deletes it when nothing of it runs any more.
    void discard(std::unique_ptr<Egress> egress);
    void finish_drain();

    Deadlines deadlines_;
    net::Loop loop_;
    net::Resolver resolver_;
    certs::SslContextPtr server_tls_;
    certs::SslContextPtr client_tls_;
    AccessLog access_log_;
    std::unique_ptr<char[]> read_block_;
    WorkerContext context_;
    std::unordered_map<SandboxId, std::unique_ptr<Egress>> egresses_;
    std::size_t draining_ = 0;
    std::function<void()> drained_;
    net::Timer drain_deadline_;
    std::thread thread_;
};

}  // namespace sallyport::proxy
