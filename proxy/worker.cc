#include "proxy/worker.h"

#include "proxy/server_tls.h"
#include "proxy/upstream_pool.h"

namespace sallyport::proxy {

Worker::Worker(const WorkerOptions& options, AccessLogFile& log_file)
    : deadlines_(options.deadlines),
      resolver_(loop_, options.resolver),
      access_log_(loop_, log_file, {options.on_access_lines, options.tapped}),
      read_block_(std::make_unique_for_overwrite<char[]>(kReadBytes)),
      context_{loop_, resolver_, nullptr, nullptr, access_log_, deadlines_, options.connections_max, read_block_.get(),
               first_request_id(options.index)},
      drain_deadline_(loop_, [this] { finish_drain(); }) {}

Worker::~Worker() { stop(); }

Result<std::unique_ptr<Worker>> Worker::create(const WorkerOptions& options, AccessLogFile& log_file) {
    auto server = certs::make_server_context();
    if (!server) return failure(server.error());
    auto client = certs::make_client_context(options.upstream_ca_files);
    if (!client) return failure(client.error());
    prepare_server_context(server->get());
    prepare_client_context(client->get());
    std::unique_ptr<Worker> worker(new Worker(options, log_file));
    worker->context_.server_tls = server->get();
    worker->context_.client_tls = client->get();
    worker->context_.audit = options.audit;
    worker->context_.handlers = options.handlers;
    worker->server_tls_ = std::move(*server);
    worker->client_tls_ = std::move(*client);
    return worker;
}

void Worker::start() {
    thread_ = std::thread([this] {
        loop_.run();
        // On the thread that they lived on.
        egresses_.clear();
        access_log_.flush();
    });
}

void Worker::add(EgressParts parts) {
    auto shared = std::make_shared<EgressParts>(std::move(parts));
    loop_.post([this, shared] {
        auto& egress = egresses_[shared->id];
        discard(std::move(egress));
        egress = std::make_unique<Egress>(context_, std::move(*shared));
    });
}

Egress* Worker::find(const SandboxId& id) {
    const auto found = egresses_.find(id);
    return found != egresses_.end() ? found->second.get() : nullptr;
}

void Worker::discard(std::unique_ptr<Egress> egress) {
    if (!egress) return;
    egress->end();
    // After its connections, which are deleted in this turn too.
    loop_.defer([dead = std::shared_ptr<Egress>(std::move(egress))] {});
}

void Worker::remove(const SandboxId& id, std::function<void()> removed) {
    loop_.post([this, id, removed = std::move(removed)] {
        if (const auto found = egresses_.find(id); found != egresses_.end()) {
            discard(std::move(found->second));
            egresses_.erase(found);
        }
        if (removed) loop_.defer(removed);
    });
}

void Worker::adopt(const SandboxId& id, UniqueFd fd, const net::Endpoint& destination) {
    auto shared = std::make_shared<UniqueFd>(std::move(fd));
    loop_.post([this, id, shared, destination] {
        if (Egress* const egress = find(id)) egress->adopt(std::move(*shared), destination);
    });
}

void Worker::adopt(const SandboxId& id, UniqueFd fd, ProxyOpening opening) {
    struct Proxied {
        UniqueFd fd;
        ProxyOpening opening;
    };
    auto shared = std::make_shared<Proxied>(Proxied{std::move(fd), std::move(opening)});
    loop_.post([this, id, shared] {
        if (Egress* const egress = find(id)) egress->adopt(std::move(shared->fd), std::move(shared->opening));
    });
}

void Worker::set_proxy_credential(const SandboxId& id, std::shared_ptr<const ProxyCredential> credential,
                                  std::function<void()> applied) {
    loop_.post([this, id, credential = std::move(credential), applied = std::move(applied)] {
        if (Egress* const egress = find(id)) egress->set_proxy_credential(credential);
        // Behind the deletion of what was cut, which closes its sockets.
        if (applied) loop_.defer(applied);
    });
}

void Worker::publish(const SandboxId& id, std::shared_ptr<const rules::PolicySnapshot> snapshot,
                     std::function<void()> applied) {
    loop_.post([this, id, snapshot = std::move(snapshot), applied = std::move(applied)] {
        if (Egress* const egress = find(id)) egress->publish(snapshot);
        // Behind the deletion of what was cut, which closes its sockets.
        if (applied) loop_.defer(applied);
    });
}

void Worker::serve_fetches(const SandboxId& id, HandlerIncarnation incarnation, UniqueFd listener) {
    auto shared = std::make_shared<UniqueFd>(std::move(listener));
    loop_.post([this, id, incarnation, shared] {
        if (Egress* const egress = find(id)) egress->serve_fetches(incarnation, std::move(*shared));
    });
}

void Worker::handler_ended(const SandboxId& id, HandlerIncarnation incarnation) {
    loop_.post([this, id, incarnation] {
        if (Egress* const egress = find(id)) egress->handler_ended(incarnation);
    });
}

void Worker::list_connections(std::function<void(std::vector<LiveConnection>)> done) {
    loop_.post([this, done = std::move(done)] {
        std::vector<LiveConnection> connections;
        for (const auto& entry : egresses_) entry.second->list(connections);
        done(std::move(connections));
    });
}

void Worker::read_counters(std::function<void(Counters)> done) {
    loop_.post([this, done = std::move(done)] {
        Counters counters = context_.counters;
        counters.add(access_log_.counters());
        for (const auto& entry : egresses_) {
            counters.connections_open += entry.second->connection_count();
            counters.upstream_connections_open += entry.second->pool().size() + entry.second->tunnel_count();
        }
        done(counters);
    });
}

void Worker::close_connection(std::string id, std::function<bool(std::string_view sandbox)> may_close,
                              std::function<void(bool)> done) {
    loop_.post([this, id = std::move(id), may_close = std::move(may_close), done = std::move(done)] {
        bool closed = false;
        for (const auto& entry : egresses_) {
            if (may_close && !may_close(entry.first.value)) continue;
            closed = entry.second->close_connection(id);
            if (closed) break;
        }
        loop_.defer([done, closed] { done(closed); });
    });
}

void Worker::drain(std::function<void()> drained) {
    loop_.post([this, drained = std::move(drained)] {
        drained_ = drained;
        draining_ = egresses_.size() + 1;
        drain_deadline_.start(deadlines_.drain);
        const auto one_less = [this] {
            if (--draining_ == 0) finish_drain();
        };
        for (const auto& [id, egress] : egresses_) egress->drain(one_less);
        one_less();
    });
}

void Worker::finish_drain() {
    drain_deadline_.stop();
    access_log_.flush();
    if (const auto drained = std::exchange(drained_, nullptr)) drained();
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
}

}  // namespace sallyport::proxy
