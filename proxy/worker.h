// One thread of the data plane, with everything that its sandboxes need. Workers share nothing but immutable snapshots
// and the access log's file; others talk to a worker by posting to its loop.
#pragma once

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
#include "proxy/egress.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

struct WorkerOptions {
    net::ResolverOptions resolver;
    Deadlines deadlines;
    std::vector<std::string> upstream_ca_files;
    std::size_t connections_max = kConnectionsMax;  // per sandbox and side
    // Which of the workers: request ids of two workers never meet.
    unsigned index = 0;
};

class Worker final {
public:
    // Fails where a CA file cannot be read.
    static Result<std::unique_ptr<Worker>> create(const WorkerOptions& options, AccessLogFile& log_file);
    ~Worker();

    void start();
    // The rest: from any thread, after start().
    void add(EgressParts parts);
    void publish(const SandboxId& id, std::shared_ptr<const rules::PolicySnapshot> snapshot);
    // Calls `drained` on this worker's thread when no request runs any more, or the deadline has passed.
    void drain(std::function<void()> drained);
    // Ends the thread; open connections are reset.
    void stop();

private:
    Worker(const WorkerOptions& options, AccessLogFile& log_file);

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
