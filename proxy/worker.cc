#include "proxy/worker.h"

#include "proxy/server_tls.h"
#include "proxy/upstream_pool.h"

namespace sallyport::proxy {
namespace {

constexpr unsigned kWorkerIndexShift = 48;

}  // namespace

Worker::Worker(const WorkerOptions& options, AccessLogFile& log_file)
    : deadlines_(options.deadlines),
      resolver_(loop_, options.resolver),
      access_log_(loop_, log_file),
      read_block_(std::make_unique_for_overwrite<char[]>(kReadBytes)),
      context_{loop_, resolver_, nullptr, nullptr, access_log_, deadlines_, options.connections_max, read_block_.get(),
               RequestId{std::uint64_t{options.index} << kWorkerIndexShift}},
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
        SandboxId id = shared->id;
        egresses_[id] = std::make_unique<Egress>(context_, std::move(*shared));
    });
}

void Worker::publish(const SandboxId& id, std::shared_ptr<const rules::PolicySnapshot> snapshot) {
    loop_.post([this, id, snapshot = std::move(snapshot)] {
        const auto found = egresses_.find(id);
        if (found != egresses_.end()) found->second->publish(snapshot);
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
