// The data plane and what decides in it, as the subcommands see them: workers, logs, the deployment's policies, the hosts of
// handlers. Built and used on the control thread, whose loop it owns.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/state_store.h"
#include "base/result.h"
#include "cli/deployment.h"
#include "cli/file_watch.h"
#include "cli/handler_hosts.h"
#include "cli/line_queue.h"
#include "cli/options.h"
#include "cli/proxy_setup.h"
#include "cli/script_loader.h"
#include "cli/secret_feed.h"
#include "net/loop.h"
#include "proxy/audit_log.h"
#include "proxy/explicit_proxy.h"
#include "proxy/metrics.h"
#include "proxy/worker.h"
#include "rules/policy_file.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// How long a start waits for the first answer of each store, so that the first request is not refused for no reason. After that
// the gate serves, and what has no value yet is refused.
inline constexpr proxy::milliseconds kFirstSecretsWait{10'000};

// How often secrets are looked at where no event has told of a change.
inline constexpr proxy::milliseconds kSecretsPeriod{1000};

class Gate final {
public:
    // Loads the file and prepares workers; starts no thread yet, so that the process can be confined first. `launcher` runs
    // handlers and outlives the gate; without one (null), policies with a script are refused.
    static Result<std::unique_ptr<Gate>> create(const GateOptions& options, sandbox::Launcher* launcher);
    ~Gate();

    const rules::PolicyFile& file() const { return deployment_->file(); }
    Deployment& deployment() { return *deployment_; }
    const Deployment& deployment() const { return *deployment_; }
    net::Loop& control() { return control_; }

    // Before sandboxes are added: what was set before a restart, and where changes are kept from now on.
    Result<void> use_store(std::unique_ptr<admin::StateStore> store);
    // Makes the sandbox's CA and policy snapshot; its connections are served once the workers run. Returns the CA's
    // certificate (PEM). One of the same name is another one: what the earlier one had open is cut, and of what was set for
    // it the admin API's documents are left, no more.
    Result<std::string> add_sandbox(const std::string& name, const std::string& asked_policy,
                                    sandbox::NamespaceSockets sockets);
    // The explicit proxy, on these; before start().
    void serve_proxy(std::vector<ProxyListener> listeners);
    void start();
    // Runs the control loop until each store has answered or failed once, or for `wait`. After start().
    void wait_for_secrets(proxy::milliseconds wait);

    // Makes a planned change: on disk, then in every worker. `done` is called on the control thread: with an error where
    // it could not be kept (then nothing has changed); else once nothing is decided by what was before.
    void apply(Plan plan, std::function<void(Result<void>)> done);
    // For the audit log; false where it cannot be written. `plan`: what is about to be made; null for nothing.
    bool record(std::string_view caller, std::string_view act, std::string_view object, bool done,
                std::string_view detail = {}, const Plan* plan = nullptr);

    // Reads the file again: all of it takes effect as one new generation, or nothing changes. A sandbox whose entry is gone
    // is denied everything. Refused where the change needs a restart: new sandboxes, other CAs for origins, another place
    // of the admin API or the audit log.
    Result<void> reload(std::string_view why);
    // As reload(), where the file or a script of it is not what was loaded; and refresh_secrets().
    void on_files_changed();
    // Where a file that a secret comes from has changed: a new generation with the new values.
    void refresh_secrets();
    // Reads or fetches a secret's values again; a new generation where they are others. Those of stores come a moment later.
    // Nothing where nothing has changed so far.
    std::optional<Plan> plan_refresh(const std::string& name);
    // Opens the access log again: it may have been moved away.
    void reopen_access_log();
    // Files that decide something and may change while the gate runs.
    std::vector<std::string> watched_files() const;
    // Watches them from now on. Before the process is confined.
    Result<void> watch_files();

    // The name of the policy that a sandbox is under now.
    std::string policy_of(const std::string& sandbox_name) const;
    // Where secrets come from, for masking: files, per sandbox.
    std::vector<std::string> secret_paths(const std::string& sandbox_name) const;
    // The files that decide what is allowed and trusted, and the logs: nothing inside may write them.
    std::vector<std::string> operator_files() const;
    // Directories of files that are still made: the audit log's, and a daemon's access log's.
    std::vector<std::string> writable_directories() const;
    // Whatever lets somebody steer the gate, and what it records: nothing inside may see them.
    std::vector<std::string> hidden_paths() const;
    // Commands that print secrets, for the launcher.
    std::vector<std::vector<std::string>> secret_commands() const;
    // How the values of stores are doing.
    std::vector<secrets::Refresher::Status> secret_status() const { return feed_->status(); }
    // "NAME=placeholder" for each that the sandbox has.
    std::vector<std::string> placeholder_variables(const std::string& sandbox_name) const;
    // The names of variables that hold secrets.
    std::vector<std::string> secret_variables() const;

    // Where the explicit proxy listens; empty: there is none.
    const std::vector<std::string>& proxy_places() const { return proxy_places_; }
    bool has_proxy_credential(const std::string& sandbox_name) const { return proxied_.contains(sandbox_name); }
    // A new credential, instead of an earlier one. `done` is called on the control thread once it is the only one that lets
    // anybody in, and what came in by another is cut; the password is kept nowhere.
    void make_proxy_credential(const std::string& sandbox_name, std::function<void(std::string password)> done);
    void revoke_proxy_credential(const std::string& sandbox_name, std::function<void()> done);

    // Whatever the launcher has to say of handlers.
    void on_handler_exit(const sandbox::HandlerExit& exit);

    // For the admin API. `done` is called on the control thread.
    void list_connections(std::function<void(std::vector<proxy::LiveConnection>)> done);
    void close_connection(const std::string& id, std::function<bool(std::string_view)> may_close,
                          std::function<void(bool)> done);
    void read_counters(std::function<void(proxy::Counters)> done);
    std::size_t handler_hosts_running() const { return handlers_ ? handlers_->running() : 0; }
    // Lines of the access log, on the control thread, while `on` is true.
    void tap_access_log(bool on) { tapped_ = on; }
    std::function<void(std::string_view lines)> on_access_lines;
    std::function<void(const Plan& plan)> on_committed;
    proxy::GateState state() const;
    bool is_draining() const { return draining_; }
    bool is_audit_healthy() const { return audit_healthy_; }

    // Calls `done` on the control loop when no request runs any more, or after the deadline.
    void drain(std::function<void()> done);
    void stop();

private:
    Gate(const GateOptions& options, sandbox::Launcher* launcher);
    Result<void> open_logs();
    Result<void> make_workers();
    void make_feed();
    net::ResolverOptions resolver_options() const;
    std::vector<std::string> upstream_ca_files() const;
    proxy::Worker& worker_of(std::string_view sandbox);
    Result<void> check_needs_no_restart(const rules::PolicyFile& file) const;
    void publish(const Plan& plan, std::function<void()> applied);
    void set_proxy_credential(const std::string& sandbox_name, std::shared_ptr<const proxy::ProxyCredential> credential,
                              std::function<void()> applied);
    void note_file();
    bool has_changed();
    void watch_again();
    void on_secrets_changed(const std::set<std::string>& names);

    const GateOptions options_;
    sandbox::Launcher* launcher_;
    net::Loop control_;
    ScriptLoader scripts_;
    std::unique_ptr<SecretFeed> feed_;
    std::optional<Deployment> deployment_;
    std::vector<std::vector<std::string>> allowed_commands_;
    bool is_started_ = false;
    std::unique_ptr<admin::StateStore> store_;
    std::unique_ptr<proxy::AccessLogFile> log_file_;
    std::unique_ptr<proxy::AuditLog> audit_;
    std::unique_ptr<HandlerHosts> handlers_;
    std::atomic<bool> tapped_{false};
    LineQueue tapped_lines_;
    std::unique_ptr<proxy::ExplicitProxy> explicit_proxy_;  // null for none; the workers tell it of credentials
    std::vector<std::string> proxy_places_;
    std::set<std::string> proxied_;  // sandboxes that have a proxy credential
    std::vector<std::unique_ptr<proxy::Worker>> workers_;
    std::map<std::string, proxy::Worker*, std::less<>> worker_by_sandbox_;
    std::unique_ptr<FileWatch> watch_;
    std::string loaded_state_;  // of the file that was loaded last, or last tried
    std::string loaded_text_;
    std::uint64_t reloads_failed_ = 0;
    bool draining_ = false;
    bool audit_healthy_ = true;
};

}  // namespace sallyport::cli
