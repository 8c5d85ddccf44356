#include "cli/gate.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "cli/config.h"
#include "secrets/location.h"
#include "secrets/secrets.h"

namespace sallyport::cli {
namespace {

constexpr mode_t kLogMode = 0600;

Result<UniqueFd> open_access_log(const std::string& where) {
    if (where == "none") return UniqueFd();
    if (where == "-") {
        // A description of its own, where there can be one: what the command does to its standard error is not ours.
        UniqueFd own(open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_CLOEXEC));
        return own ? std::move(own) : UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
    }
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

// All that the system allows: a proxy holds many connections.
std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
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
    worker_options.connections_max =
        proxy::connections_per_sandbox(raise_descriptor_limit(), gate->file_->sandboxes.size());
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
    // Before the values are read: what changes in between is noticed.
    const bool has_entry = file_->sandboxes.contains(name);
    sandboxes_.push_back({name, asked_policy, has_entry, *policy, workers_[sandboxes_.size() % workers_.size()].get()});
    secret_files_state_ = secret_files_state();
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
    sandboxes_.back().worker->add(std::move(parts));
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

Result<void> Gate::check_needs_no_restart(const rules::PolicyFile& file) const {
    if (file.upstream_ca_files != file_->upstream_ca_files) {
        return failure(ErrorCode::config_invalid, "upstream_ca has changed: that needs a restart");
    }
    for (const auto& entry : file.sandboxes) {
        const std::string& name = entry.first;
        const bool is_open = std::any_of(sandboxes_.begin(), sandboxes_.end(), [&](const Sandbox& each) { return each.name == name; });
        if (is_open || !options_.serves_every_entry) continue;
        return failure(ErrorCode::config_invalid, "sandbox " + name + " is new: that needs a restart");
    }
    return {};
}

Result<std::shared_ptr<const rules::PolicySnapshot>> Gate::next_snapshot(Sandbox& sandbox, const rules::PolicyFile& file,
                                                                         Generation generation) const {
    // Whatever policy it would fall under without its entry was not meant for it.
    if (sandbox.has_entry && !file.sandboxes.contains(sandbox.name)) {
        const auto nothing = load_config("", rules::Severity::error);
        if (!nothing) return failure(nothing.error());
        sandbox.policy = {"default", {}};
        return snapshot_for(**nothing, sandbox.policy, generation);
    }
    auto policy = choose_policy(file, sandbox.name, sandbox.asked_policy);
    if (!policy) return failure(policy.error().code, "sandbox " + sandbox.name + ": " + policy.error().detail);
    sandbox.policy = std::move(*policy);
    return snapshot_for(file, sandbox.policy, generation);
}

// Everything is built before anything is published.
Result<void> Gate::publish(std::shared_ptr<const rules::PolicyFile> file) {
    if (auto checked = check_needs_no_restart(*file); !checked) return checked;
    const Generation generation{generation_.value + 1};
    std::vector<Sandbox> sandboxes = sandboxes_;
    std::vector<std::shared_ptr<const rules::PolicySnapshot>> snapshots;
    std::string state;
    for (Sandbox& sandbox : sandboxes) {
        // Before the values are read: what changes in between is noticed.
        for (const std::string& path : secret_paths(*file, sandbox.policy.params)) state += file_state(path);
        auto snapshot = next_snapshot(sandbox, *file, generation);
        if (!snapshot) return failure(snapshot.error());
        snapshots.push_back(std::move(*snapshot));
    }
    file_ = std::move(file);
    generation_ = generation;
    sandboxes_ = std::move(sandboxes);
    secret_files_state_ = std::move(state);
    for (std::size_t i = 0; i < sandboxes_.size(); ++i) {
        sandboxes_[i].worker->publish(SandboxId{sandboxes_[i].name}, std::move(snapshots[i]));
    }
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
        for (const std::string& path : secret_paths(*file_, sandbox.policy.params)) state += file_state(path);
    }
    return state;
}

std::string Gate::policy_of(const std::string& sandbox_name) const {
    for (const Sandbox& sandbox : sandboxes_) {
        if (sandbox.name == sandbox_name) return sandbox.policy.policy;
    }
    return {};
}

std::vector<std::string> Gate::secret_paths(const std::string& sandbox_name) const {
    for (const Sandbox& sandbox : sandboxes_) {
        if (sandbox.name == sandbox_name) return secret_paths(*file_, sandbox.policy.params);
    }
    return {};
}

// A location that cannot be resolved is one that is not read either.
std::vector<std::string> Gate::secret_paths(const rules::PolicyFile& file, const secrets::Params& params) {
    std::vector<std::string> paths;
    for (const secrets::SecretSource& source : file.secrets) {
        if (source.kind != secrets::SourceKind::file) continue;
        if (auto path = secrets::resolve_location(source, params)) paths.push_back(std::move(*path));
    }
    return paths;
}

std::vector<std::string> Gate::operator_files() const {
    std::vector<std::string> files = options_.upstream_ca_files;
    files.insert(files.end(), file_->upstream_ca_files.begin(), file_->upstream_ca_files.end());
    for (const std::string& path : {options_.config_file, options_.hosts_file, options_.resolv_conf_file}) files.push_back(path);
    if (options_.access_log != "-" && options_.access_log != "none") files.push_back(options_.access_log);
    std::erase(files, "");
    // Not normalised: "link/.." leads elsewhere than it seems, and every step counts.
    for (std::string& path : files) path = std::filesystem::absolute(path);
    return files;
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
