#include "cli/gate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "cli/config.h"
#include "secrets/secrets.h"

namespace sallyport::cli {
namespace {

constexpr mode_t kLogMode = 0600;

Result<UniqueFd> open_access_log(const std::string& where) {
    if (where == "none") return UniqueFd();
    if (where == "-") return UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(where).parent_path(), ignored);
    UniqueFd fd(open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kLogMode));
    if (!fd) return failure(ErrorCode::config_invalid, where + ": " + std::strerror(errno));
    return fd;
}

std::string file_state(const std::string& path) {
    struct stat state {};
    if (stat(path.c_str(), &state) != 0) return path + ":gone;";
    return path + ':' + std::to_string(state.st_ino) + ':' + std::to_string(state.st_size) + ':' +
           std::to_string(state.st_mtim.tv_sec) + '.' + std::to_string(state.st_mtim.tv_nsec) + ';';
}

// ${params.NAME} filled in; what is not known stays as it is (and such a secret does not load).
std::string fill_params(std::string text, const secrets::Params& params) {
    for (const auto& [name, value] : params) {
        const std::string reference = "${params." + name + "}";
        for (std::size_t at = text.find(reference); at != std::string::npos; at = text.find(reference, at + value.size())) {
            text.replace(at, reference.size(), value);
        }
    }
    return text;
}

}  // namespace

Gate::Gate(const GateOptions& options) : options_(options) {}

Gate::~Gate() { stop(); }

Result<std::unique_ptr<Gate>> Gate::create(const GateOptions& options) {
    std::unique_ptr<Gate> gate(new Gate(options));
    auto file = load_config(options.config_file, rules::Severity::error);
    if (!file) return failure(file.error());
    gate->file_ = std::move(*file);
    auto log_fd = open_access_log(options.access_log);
    if (!log_fd) return failure(log_fd.error());
    gate->log_file_ = std::make_unique<proxy::AccessLogFile>(std::move(*log_fd));
    proxy::WorkerOptions worker_options;
    worker_options.resolver.hosts_path = options.hosts_file;
    worker_options.resolver.resolv_conf_path = options.resolv_conf_file;
    worker_options.deadlines = proxy::Deadlines{}.scaled(options.deadline_scale);
    worker_options.upstream_ca_files = options.upstream_ca_files;
    for (const std::string& path : gate->file_->upstream_ca_files) worker_options.upstream_ca_files.push_back(path);
    for (unsigned i = 0; i < options.workers; ++i) {
        worker_options.index = i;
        auto worker = proxy::Worker::create(worker_options, *gate->log_file_);
        if (!worker) return failure(worker.error());
        gate->workers_.push_back(std::move(*worker));
    }
    return gate;
}

Result<std::string> Gate::add_sandbox(const std::string& name, const std::string& asked_policy,
                                      sandbox::NamespaceSockets sockets) {
    auto policy = choose_policy(*file_, name, asked_policy);
    if (!policy) return failure(policy.error());
    auto snapshot = snapshot_for(*file_, *policy, generation_);
    if (!snapshot) return failure(snapshot.error());
    auto authority = certs::CertificateAuthority::create(name, std::chrono::system_clock::now());
    if (!authority) return failure(authority.error());
    std::string ca_pem = (*authority)->pem();

    proxy::EgressParts parts;
    parts.id = SandboxId{name};
    parts.tcp_v4 = std::move(sockets.tcp_v4);
    parts.tcp_v6 = std::move(sockets.tcp_v6);
    parts.dns_v4 = std::move(sockets.dns_v4);
    parts.dns_v6 = std::move(sockets.dns_v6);
    parts.authority = std::move(*authority);
    parts.snapshot = std::move(*snapshot);
    proxy::Worker* worker = workers_[sandboxes_.size() % workers_.size()].get();
    worker->add(std::move(parts));
    sandboxes_.push_back({name, asked_policy, std::move(*policy), worker});
    secret_files_state_ = secret_files_state();
    return ca_pem;
}

Result<std::shared_ptr<const rules::PolicySnapshot>> Gate::snapshot_for(const rules::PolicyFile& file,
                                                                        const rules::SandboxPolicy& policy,
                                                                        Generation generation) const {
    const auto secrets = secrets::SecretSnapshot::load(file.secrets, policy.params);
    return rules::make_snapshot(file, policy, secrets, generation);
}

void Gate::start() {
    for (const auto& worker : workers_) worker->start();
}

Result<void> Gate::reload() {
    auto file = load_config(options_.config_file, rules::Severity::error);
    if (!file) return failure(file.error());
    return publish(std::move(*file));
}

// Everything is built before anything is published: a sandbox whose policy is gone stops the whole reload.
Result<void> Gate::publish(std::shared_ptr<const rules::PolicyFile> file) {
    const Generation generation{generation_.value + 1};
    std::vector<rules::SandboxPolicy> policies;
    std::vector<std::shared_ptr<const rules::PolicySnapshot>> snapshots;
    for (const Sandbox& sandbox : sandboxes_) {
        auto policy = choose_policy(*file, sandbox.name, sandbox.asked_policy);
        if (!policy) return failure(policy.error().code, "sandbox " + sandbox.name + ": " + policy.error().detail);
        auto snapshot = snapshot_for(*file, *policy, generation);
        if (!snapshot) return failure(snapshot.error());
        policies.push_back(std::move(*policy));
        snapshots.push_back(std::move(*snapshot));
    }
    if (file->upstream_ca_files != file_->upstream_ca_files) {
        log(LogLevel::warning, "upstream_ca has changed: it takes effect at the next start");
    }
    file_ = std::move(file);
    generation_ = generation;
    for (std::size_t i = 0; i < sandboxes_.size(); ++i) {
        sandboxes_[i].policy = std::move(policies[i]);
        sandboxes_[i].worker->publish(SandboxId{sandboxes_[i].name}, std::move(snapshots[i]));
    }
    secret_files_state_ = secret_files_state();
    return {};
}

void Gate::refresh_secrets() {
    if (secret_files_state() == secret_files_state_) return;
    if (const auto published = publish(file_); !published) {
        return log(LogLevel::error, "secrets are not refreshed: " + published.error().detail);
    }
    log(LogLevel::info, "a secret's file has changed: generation " + std::to_string(generation_.value));
}

std::string Gate::secret_files_state() const {
    std::string state;
    for (const Sandbox& sandbox : sandboxes_) {
        for (const std::string& path : secret_paths(sandbox.name)) state += file_state(path);
    }
    return state;
}

std::vector<std::string> Gate::secret_paths(const std::string& sandbox_name) const {
    secrets::Params params;
    for (const Sandbox& sandbox : sandboxes_) {
        if (sandbox.name == sandbox_name) params = sandbox.policy.params;
    }
    std::vector<std::string> paths;
    for (const secrets::SecretSource& source : file_->secrets) {
        if (source.kind == secrets::SourceKind::file) paths.push_back(fill_params(source.location, params));
    }
    return paths;
}

std::vector<std::string> Gate::secret_variables() const {
    std::vector<std::string> names;
    for (const secrets::SecretSource& source : file_->secrets) {
        if (source.kind == secrets::SourceKind::env) names.push_back(source.location);
    }
    return names;
}

void Gate::drain(net::Loop& control, std::function<void()> done) {
    auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    for (const auto& worker : workers_) {
        worker->drain([left, &control, done] {
            if (--*left == 0) control.post(done);
        });
    }
}

void Gate::stop() {
    for (const auto& worker : workers_) worker->stop();
}

}  // namespace sallyport::cli
