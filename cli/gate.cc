#include "cli/gate.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/log.h"
#include "cli/config.h"
#include "cli/file_state.h"
#include "rules/compiled_policy.h"
#include "rules/placeholders.h"
#include "sandbox/confine_files.h"
#include "secrets/location.h"
#include "secrets/provider.h"

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

// All that the system allows: a proxy holds many connections.
std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

std::string explain_refusal(const Refusal& refusal) {
    std::string text = refusal.message;
    for (const rules::Diagnostic& diagnostic : refusal.diagnostics) text += "\n" + rules::to_string(diagnostic);
    return text;
}

// Calls `done` on `control` once it has itself been called from each of `count` workers.
template <class Value>
std::function<void(Value)> gather(net::Loop& control, std::size_t count, std::function<void(std::vector<Value>)> done) {
    struct Gathered {
        std::size_t left;
        std::vector<Value> values;
        std::function<void(std::vector<Value>)> done;
    };
    auto all = std::make_shared<Gathered>(Gathered{count, {}, std::move(done)});
    return [all, &control](Value value) {
        control.post([all, value = std::move(value)] {
            all->values.push_back(value);
            if (--all->left == 0) all->done(std::move(all->values));
        });
    };
}

}  // namespace

Gate::Gate(const GateOptions& options, sandbox::Launcher* launcher)
    : options_(options), launcher_(launcher), scripts_(launcher), tapped_lines_(control_, [this](std::string_view lines) {
          if (on_access_lines) on_access_lines(lines);
      }) {}

Gate::~Gate() { stop(); }

Result<std::unique_ptr<Gate>> Gate::create(const GateOptions& options, sandbox::Launcher* launcher) {
    std::unique_ptr<Gate> gate(new Gate(options, launcher));
    gate->note_file();
    auto file = load_config(options.config_file, rules::Severity::error);
    if (!file) return failure(file.error());
    auto deployment = Deployment::create(std::move(*file), [raw = gate.get()](const std::string& path) {
        return raw->scripts_.load(path_from(raw->options_.config_file, path));
    });
    if (!deployment) return failure(deployment.error());
    gate->deployment_.emplace(std::move(*deployment));
    gate->make_feed();
    if (auto opened = gate->open_logs(); !opened) return failure(opened.error());
    if (auto made = gate->make_workers(); !made) return failure(made.error());
    return gate;
}

net::ResolverOptions Gate::resolver_options() const {
    net::ResolverOptions options;
    options.hosts_path = options_.hosts_file;
    options.resolv_conf_path = options_.resolv_conf_file;
    return options;
}

std::vector<std::string> Gate::upstream_ca_files() const {
    std::vector<std::string> files = options_.upstream_ca_files;
    for (const std::string& path : file().upstream_ca_files) files.push_back(path);
    return files;
}

void Gate::make_feed() {
    feed_ = std::make_unique<SecretFeed>(control_, launcher_, HttpClientOptions{resolver_options(), upstream_ca_files()},
                                         [this](const auto& names) { on_secrets_changed(names); });
    deployment_->secrets().take_from(
        [this](const auto& source, const auto& identity) { return feed_->value(source, identity); });
    allowed_commands_ = secret_commands();
}

Result<void> Gate::open_logs() {
    auto log_fd = open_access_log(options_.access_log);
    if (!log_fd) return failure(log_fd.error());
    log_file_ = std::make_unique<proxy::AccessLogFile>(std::move(*log_fd));
    const rules::AuditSpec& spec = file().audit;
    if (spec.file.empty()) return {};
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(spec.file).parent_path(), ignored);
    auto audit = proxy::AuditLog::open({spec.file, spec.rotate_bytes, spec.keep, spec.replay});
    if (!audit) return failure(audit.error());
    audit_ = std::move(*audit);
    return {};
}

Result<void> Gate::make_workers() {
    if (launcher_ != nullptr) {
        HandlerNotices notices;
        notices.started = [this](const SandboxId& id, proxy::HandlerIncarnation incarnation, UniqueFd fetches) {
            worker_of(id.value).serve_fetches(id, incarnation, std::move(fetches));
        };
        notices.ended = [this](const SandboxId& id, proxy::HandlerIncarnation incarnation) {
            worker_of(id.value).handler_ended(id, incarnation);
        };
        handlers_ = std::make_unique<HandlerHosts>(control_, *launcher_, std::move(notices));
    }
    proxy::WorkerOptions worker_options;
    worker_options.resolver = resolver_options();
    worker_options.deadlines = proxy::Deadlines{}.scaled(options_.deadline_scale);
    const std::size_t strangers = file().proxy.listen.size() * proxy::kProxyGreetingsMax;
    const std::size_t descriptors = raise_descriptor_limit();
    worker_options.connections_max =
        proxy::connections_per_sandbox(descriptors > strangers ? descriptors - strangers : 0, file().sandboxes.size());
    worker_options.upstream_ca_files = upstream_ca_files();
    worker_options.audit = audit_.get();
    worker_options.handlers = handlers_.get();
    worker_options.tapped = &tapped_;
    worker_options.on_access_lines = [this](std::string_view lines) { tapped_lines_.push(lines); };
    for (unsigned i = 0; i < options_.workers; ++i) {
        worker_options.index = i;
        auto worker = proxy::Worker::create(worker_options, *log_file_);
        if (!worker) return failure(worker.error());
        workers_.push_back(std::move(*worker));
    }
    return {};
}

Result<void> Gate::use_store(std::unique_ptr<admin::StateStore> store) {
    auto state = store->load();
    if (!state) return failure(state.error());
    deployment_->restore(*state);
    // A generation is used once, whatever happens: ETags of two lives of the daemon differ.
    admin::StateChange begun;
    begun.generation = deployment_->generation().value;
    if (auto kept = store->apply(begun); !kept) return kept;
    store_ = std::move(store);
    return {};
}

proxy::Worker& Gate::worker_of(std::string_view sandbox) {
    const auto found = worker_by_sandbox_.find(sandbox);
    return found == worker_by_sandbox_.end() ? *workers_.front() : *found->second;
}

Result<std::string> Gate::add_sandbox(const std::string& name, const std::string& asked_policy,
                                      sandbox::NamespaceSockets sockets) {
    auto made = deployment_->add_sandbox(name, asked_policy);
    if (!made) return failure(made.error());
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
    parts.snapshot = std::move(made->snapshot);
    if (handlers_) handlers_->forget(name);
    // The one that has an earlier sandbox of this name, for it to be cut.
    proxy::Worker* next = workers_[worker_by_sandbox_.size() % workers_.size()].get();
    worker_by_sandbox_.try_emplace(name, next).first->second->add(std::move(parts));
    // Whoever has the password of an earlier one of this name has nothing of this one.
    if (proxied_.erase(name) > 0) explicit_proxy_->remove_credential(SandboxId{name});
    if (is_started_) feed_->keep(*deployment_);
    return ca_pem;
}

void Gate::serve_proxy(std::vector<ProxyListener> listeners) {
    if (listeners.empty()) return;
    proxy::ExplicitProxyOptions proxy_options;
    for (ProxyListener& each : listeners) {
        proxy_options.listeners.push_back(std::move(each.socket));
        proxy_places_.push_back(std::move(each.place));
    }
    proxy_options.deadlines = proxy::Deadlines{}.scaled(options_.deadline_scale);
    proxy_options.index = options_.workers;
    proxy_options.tapped = &tapped_;
    proxy_options.on_access_lines = [this](std::string_view lines) { tapped_lines_.push(lines); };
    explicit_proxy_ = std::make_unique<proxy::ExplicitProxy>(std::move(proxy_options), *log_file_);
}

// The worker first: whoever the proxy lets in by this credential is known there.
void Gate::set_proxy_credential(const std::string& sandbox_name, std::shared_ptr<const proxy::ProxyCredential> credential,
                                std::function<void()> applied) {
    const SandboxId id{sandbox_name};
    proxy::Worker* const worker = &worker_of(sandbox_name);
    const auto on_control = [this, applied = std::move(applied)] { control_.post(applied); };
    worker->set_proxy_credential(id, credential, [this, id, worker, credential, on_control] {
        if (credential == nullptr) return explicit_proxy_->remove_credential(id, on_control);
        const auto admit = [id, worker](UniqueFd fd, proxy::ProxyOpening opening) {
            worker->adopt(id, std::move(fd), std::move(opening));
        };
        explicit_proxy_->set_credential(id, credential, admit, on_control);
    });
}

void Gate::make_proxy_credential(const std::string& sandbox_name, std::function<void(std::string)> done) {
    SystemRandom random;
    auto made = proxy::ProxyCredential::make(random);
    proxied_.insert(sandbox_name);
    const auto password = std::make_shared<SecretString>(std::move(made.password));
    set_proxy_credential(sandbox_name, std::move(made.credential),
                         [password, done = std::move(done)] { done(std::string(password->reveal())); });
}

void Gate::revoke_proxy_credential(const std::string& sandbox_name, std::function<void()> done) {
    proxied_.erase(sandbox_name);
    set_proxy_credential(sandbox_name, nullptr, std::move(done));
}

void Gate::start() {
    for (const auto& worker : workers_) worker->start();
    if (explicit_proxy_) explicit_proxy_->start();
    is_started_ = true;
    feed_->keep(*deployment_);
    watch_again();
}

void Gate::wait_for_secrets(proxy::milliseconds wait) {
    if (feed_->is_quiet()) return;
    constexpr proxy::milliseconds kLook{10};
    const auto give_up = net::Clock::now() + wait;
    net::Timer* next = nullptr;
    net::Timer look(control_, [&] {
        if (feed_->is_quiet() || net::Clock::now() >= give_up) return control_.stop();
        next->start(kLook);
    });
    next = &look;
    look.start(kLook);
    control_.run();
    if (feed_->is_quiet()) return;
    log(LogLevel::warning, "not every secret store has answered: what they hold is refused until they do");
}

void Gate::on_secrets_changed(const std::set<std::string>& names) {
    for (const std::string& name : names) deployment_->secrets().forget(name);
    refresh_secrets();
}

bool Gate::record(std::string_view caller, std::string_view act, std::string_view object, bool done,
                  std::string_view detail, const Plan* plan) {
    if (!audit_) return true;
    const Generation generation = plan != nullptr ? plan->generation : deployment_->generation();
    audit_healthy_ = audit_->record({caller, act, object, done, generation, detail});
    return audit_healthy_;
}

void Gate::apply(Plan plan, std::function<void(Result<void>)> done) {
    const auto kept = store_ ? store_->apply(plan.stored()) : Result<void>();
    // A secret that was revoked is, whatever happens to the disk.
    const bool is_secrets_alone = !plan.file_changed && plan.policies.empty() && plan.egress.empty();
    if (!kept) log(LogLevel::error, "the state cannot be kept: " + kept.error().detail);
    if (!kept && !is_secrets_alone) return done(failure(kept.error()));
    deployment_->commit(plan);
    std::set<std::string> used;
    for (const auto& [name, script] : file().scripts) used.insert(script->path());
    scripts_.keep_only(used);
    if (is_started_ && !is_secrets_alone) feed_->keep(*deployment_);
    watch_again();
    if (on_committed) on_committed(plan);
    publish(plan, [done = std::move(done)] { done({}); });
}

// Each worker hears of its own sandboxes; `applied` is called when the last of them decides anew.
void Gate::publish(const Plan& plan, std::function<void()> applied) {
    if (plan.snapshots.empty()) return applied();
    auto left = std::make_shared<std::size_t>(plan.snapshots.size());
    auto all_applied = std::make_shared<std::function<void()>>(std::move(applied));
    for (const SandboxSnapshot& each : plan.snapshots) {
        if (handlers_) handlers_->on_published(each.sandbox, *each.snapshot);
        worker_of(each.sandbox).publish(SandboxId{each.sandbox}, each.snapshot, [this, left, all_applied] {
            control_.post([left, all_applied] {
                if (--*left == 0) (*all_applied)();
            });
        });
    }
}

Result<void> Gate::check_needs_no_restart(const rules::PolicyFile& file) const {
    const rules::PolicyFile& now = *deployment_->disk_file();
    const auto needs_restart = [](const std::string& what) { return failure(ErrorCode::config_invalid, what + ": that needs a restart"); };
    if (file.upstream_ca_files != now.upstream_ca_files) return needs_restart("upstream_ca has changed");
    if (!(file.audit == now.audit)) return needs_restart("audit has changed");
    if (!(file.admin == now.admin)) return needs_restart("admin has changed");
    if (!(file.proxy == now.proxy)) return needs_restart("proxy has changed");
    for (const auto& source : file.secrets) {
        if (!source.provider) continue;
        for (const auto& command : source.provider->commands()) {
            if (std::find(allowed_commands_.begin(), allowed_commands_.end(), command) != allowed_commands_.end()) continue;
            return needs_restart("the command of secret " + source.name + " is new");
        }
    }
    for (const auto& [name, policy] : file.policies) {
        if (policy->handler_socket.empty()) continue;
        const std::string& socket = policy->handler_socket;
        const auto same = [&](const auto& each) { return each.second->handler_socket == socket; };
        if (std::none_of(now.policies.begin(), now.policies.end(), same)) return needs_restart("handler_socket " + socket + " is new");
    }
    for (const auto& entry : file.sandboxes) {
        const auto present = now.sandboxes.find(entry.first);
        if (present != now.sandboxes.end() && present->second.has_namespace != entry.second.has_namespace) {
            return needs_restart("namespace of sandbox " + entry.first + " has changed");
        }
        if (deployment_->has_sandbox(entry.first) || !options_.serves_every_entry) continue;
        return needs_restart("sandbox " + entry.first + " is new");
    }
    return {};
}

Result<void> Gate::reload(std::string_view why) {
    const auto refused = [&](const Error& error) -> Result<void> {
        ++reloads_failed_;
        record(why, "reload", options_.config_file, false, error.detail);
        return failure(error);
    };
    note_file();
    auto file = load_config(options_.config_file, rules::Severity::error);
    if (!file) return refused(file.error());
    if (auto checked = check_needs_no_restart(**file); !checked) return refused(checked.error());
    auto plan = deployment_->plan_file(std::move(*file));
    if (!plan) return refused({ErrorCode::config_invalid, explain_refusal(plan.error())});
    if (!record(why, "reload", options_.config_file, true, {}, &*plan)) return refused({ErrorCode::audit_unavailable, ""});
    // What is kept is known when apply() returns; the workers' word is not waited for.
    auto kept = std::make_shared<Result<void>>();
    apply(std::move(*plan), [kept](Result<void> result) { *kept = std::move(result); });
    return *kept ? *kept : refused(kept->error());
}

std::vector<std::string> Gate::watched_files() const {
    std::vector<std::string> files;
    if (!options_.config_file.empty()) files.push_back(options_.config_file);
    // Those too that could not be loaded: the next try may do.
    for (std::string& path : scripts_.paths()) files.push_back(std::move(path));
    for (std::string& path : deployment_->secrets().paths()) files.push_back(std::move(path));
    for (std::string& path : feed_->files()) files.push_back(std::move(path));
    return files;
}

Result<void> Gate::watch_files() {
    auto watch = FileWatch::create(control_, [this] { on_files_changed(); });
    if (!watch) return failure(watch.error());
    watch_ = std::move(*watch);
    watch_again();
    return {};
}

void Gate::watch_again() {
    if (watch_) watch_->watch(watched_files());
}

void Gate::note_file() {
    loaded_state_ = file_state(options_.config_file);
    loaded_text_ = read_text_file(options_.config_file, kConfigBytesMax).value_or("");
}

bool Gate::has_changed() {
    if (options_.config_file.empty()) return false;
    const bool has_script = scripts_.look_for_changes();
    if (file_state(options_.config_file) == loaded_state_) return has_script;
    // Written again, or touched: the same text means the same.
    const std::string text = std::exchange(loaded_text_, {});
    note_file();
    return loaded_text_ != text || has_script;
}

void Gate::on_files_changed() {
    if (draining_) return;
    // A folder may have been put in another's place. Before anything is looked at: what changes from now on is told.
    watch_again();
    if (has_changed()) {
        if (const auto reloaded = reload("file"); !reloaded) {
            log(LogLevel::error, "the file has changed and is not loaded, nothing has changed: " + reloaded.error().detail);
            watch_again();  // with what the file would load
        } else {
            log(LogLevel::info, "the file has changed: generation " + std::to_string(deployment_->generation().value));
        }
    }
    feed_->look_for_changes();
    refresh_secrets();
}

std::optional<Plan> Gate::plan_refresh(const std::string& name) {
    deployment_->secrets().forget(name);
    feed_->refresh(name);
    return deployment_->plan_secrets();
}

void Gate::refresh_secrets() {
    auto plan = deployment_->plan_secrets();
    if (!plan) return;
    log(LogLevel::info, "a secret has changed: generation " + std::to_string(plan->generation.value));
    apply(std::move(*plan), [](Result<void>) {});
}

void Gate::reopen_access_log() {
    if (options_.access_log == "-" || options_.access_log == "none") return;
    auto fd = open_access_log(options_.access_log);
    if (fd) return log_file_->reopen(std::move(*fd));
    log(LogLevel::error, "the access log stays what it is: " + fd.error().detail);
}

std::string Gate::policy_of(const std::string& sandbox_name) const {
    const rules::SandboxPolicy* policy = deployment_->policy_of(sandbox_name);
    return policy == nullptr ? std::string() : policy->policy;
}

// A location that cannot be resolved is one that is not read either.
std::vector<std::string> Gate::secret_paths(const std::string& sandbox_name) const {
    std::vector<std::string> paths;
    const rules::SandboxPolicy* policy = deployment_->policy_of(sandbox_name);
    if (policy == nullptr) return paths;
    for (const secrets::SecretSource& source : file().secrets) {
        if (!secrets::is_file(source)) continue;
        if (auto path = secrets::resolve_location(source, policy->identity)) paths.push_back(std::move(*path));
    }
    for (const secrets::SecretSource& source : file().secrets) {
        if (!source.provider) continue;
        for (std::string& path : source.provider->files()) paths.push_back(std::move(path));
    }
    return paths;
}

std::vector<std::string> Gate::operator_files() const {
    std::vector<std::string> files = options_.upstream_ca_files;
    files.insert(files.end(), file().upstream_ca_files.begin(), file().upstream_ca_files.end());
    for (const std::string& path : {options_.config_file, options_.hosts_file, options_.resolv_conf_file}) files.push_back(path);
    if (options_.access_log != "-" && options_.access_log != "none") files.push_back(options_.access_log);
    files.push_back(file().audit.file);
    for (const auto& [name, script] : file().scripts) files.push_back(script->path());
    std::erase(files, "");
    // Not normalised: "link/.." leads elsewhere than it seems, and every step counts.
    for (std::string& path : files) path = std::filesystem::absolute(path);
    return files;
}

std::vector<std::string> Gate::writable_directories() const {
    std::vector<std::string> directories;
    const bool has_log_file = options_.access_log != "-" && options_.access_log != "none";
    if (options_.serves_every_entry && has_log_file) {
        // /var/log, say, is not the daemon's to write to: then the log stays open as it is.
        const std::string directory = std::filesystem::absolute(options_.access_log).parent_path();
        const auto own = sandbox::check_own_directory(directory);
        if (own) directories.push_back(directory);
        if (!own) log(LogLevel::info, "the access log will not be opened again on SIGHUP: " + own.error().detail);
    }
    if (!file().audit.file.empty()) {
        directories.push_back(std::filesystem::absolute(file().audit.file).parent_path());
    }
    return directories;
}

std::vector<std::string> Gate::hidden_paths() const {
    const rules::AdminSpec& admin = deployment_->disk_file()->admin;
    std::vector<std::string> paths{admin.key_file};
    if (const rules::AuditSpec& audit = file().audit; !audit.file.empty()) {
        paths.insert(paths.end(), {audit.file, audit.file + ".lock"});
        for (std::uint32_t i = 1; i <= audit.keep; ++i) paths.push_back(audit.file + "." + std::to_string(i));
    }
    for (const rules::AdminCaller& caller : admin.callers) paths.push_back(caller.token_file);
    std::erase(paths, "");
    return paths;
}

std::vector<std::vector<std::string>> Gate::secret_commands() const {
    std::vector<std::vector<std::string>> commands;
    for (const secrets::SecretSource& source : file().secrets) {
        if (!source.provider) continue;
        for (auto& command : source.provider->commands()) commands.push_back(std::move(command));
    }
    return commands;
}

std::vector<std::string> Gate::placeholder_variables(const std::string& sandbox_name) const {
    const rules::SandboxPolicy* policy = deployment_->policy_of(sandbox_name);
    std::vector<std::string> variables;
    if (policy == nullptr || policy->placeholders == nullptr) return variables;
    for (const auto& [credential, entry] : policy->placeholders->entries()) {
        variables.push_back(entry.variable + '=' + entry.text);
    }
    return variables;
}

std::vector<std::string> Gate::secret_variables() const {
    std::vector<std::string> names;
    for (const secrets::SecretSource& source : file().secrets) {
        if (source.kind == secrets::SourceKind::env) names.push_back(source.location);
    }
    return names;
}

void Gate::on_handler_exit(const sandbox::HandlerExit& exit) {
    if (handlers_) handlers_->on_exit(exit);
}

void Gate::list_connections(std::function<void(std::vector<proxy::LiveConnection>)> done) {
    using Connections = std::vector<proxy::LiveConnection>;
    const auto each = gather<Connections>(control_, workers_.size(), [done = std::move(done)](std::vector<Connections> parts) {
        Connections all;
        for (Connections& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all));
        done(std::move(all));
    });
    for (const auto& worker : workers_) worker->list_connections(each);
}

void Gate::close_connection(const std::string& id, std::function<bool(std::string_view)> may_close,
                            std::function<void(bool)> done) {
    const auto each = gather<bool>(control_, workers_.size(), [done = std::move(done)](std::vector<bool> closed) {
        done(std::find(closed.begin(), closed.end(), true) != closed.end());
    });
    for (const auto& worker : workers_) worker->close_connection(id, may_close, each);
}

void Gate::read_counters(std::function<void(proxy::Counters)> done) {
    const std::size_t count = workers_.size() + (explicit_proxy_ ? 1 : 0);
    const auto each = gather<proxy::Counters>(control_, count,
                                              [done = std::move(done)](std::vector<proxy::Counters> parts) {
                                                  proxy::Counters all;
                                                  for (const proxy::Counters& part : parts) all.add(part);
                                                  done(all);
                                              });
    for (const auto& worker : workers_) worker->read_counters(each);
    if (explicit_proxy_) explicit_proxy_->read_counters(each);
}

proxy::GateState Gate::state() const {
    return {deployment_->generation(), worker_by_sandbox_.size(), workers_.size(), reloads_failed_};
}

void Gate::drain(std::function<void()> done) {
    draining_ = true;
    if (explicit_proxy_) explicit_proxy_->close();
    auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    for (const auto& worker : workers_) {
        worker->drain([this, left, done] {
            if (--*left == 0) control_.post(done);
        });
    }
}

void Gate::stop() {
    if (feed_) feed_->stop();
    if (explicit_proxy_) explicit_proxy_->stop();
    for (const auto& worker : workers_) worker->stop();
    if (handlers_) handlers_->stop_all();
}

}  // namespace sallyport::cli
