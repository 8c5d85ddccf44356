// The data plane as the subcommands see it: workers, the access log, the policy file's present generation. Built and used
// on the control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "net/loop.h"
#include "proxy/worker.h"
#include "rules/policy_file.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// How often refresh_secrets() is worth calling.
inline constexpr proxy::milliseconds kSecretsPeriod{1000};

class Gate final {
public:
    // Loads the file and prepares workers; starts no thread yet, so that the process can be confined first.
    static Result<std::unique_ptr<Gate>> create(const GateOptions& options);
    ~Gate();

    const rules::PolicyFile& file() const { return *file_; }

    // Makes the sandbox's CA and policy snapshot; its connections are served once the workers run. Returns the CA's
    // certificate (PEM).
    Result<std::string> add_sandbox(const std::string& name, const std::string& asked_policy,
                                    sandbox::NamespaceSockets sockets);
    void start();

    // Reads the file again: all of it takes effect as one new generation, or nothing changes. A sandbox whose entry is gone
    // is denied everything. Refused where the change needs a restart: new sandboxes, other CAs for origins.
    Result<void> reload();
    // Where a file that a secret comes from has changed: a new generation with the new values.
    void refresh_secrets();
    // The name of the policy that a sandbox is under now.
    std::string policy_of(const std::string& sandbox_name) const;
    // Where secrets come from, for masking: files, per sandbox.
    std::vector<std::string> secret_paths(const std::string& sandbox_name) const;
    // The files that decide what is allowed and trusted, and the access log: nothing inside may write them.
    std::vector<std::string> operator_files() const;
    // The names of variables that hold secrets.
    std::vector<std::string> secret_variables() const;

    // Calls `done` on `control` when no request runs any more, or after the deadline.
    void drain(net::Loop& control, std::function<void()> done);
    void stop();

private:
    struct Sandbox {
        std::string name;
        std::string asked_policy;
        bool has_entry = false;  // in the file, when it was made
        rules::SandboxPolicy policy;
        proxy::Worker* worker = nullptr;
    };

    explicit Gate(const GateOptions& options);
    Result<std::shared_ptr<const rules::PolicySnapshot>> snapshot_for(const rules::PolicyFile& file,
                                                                      const rules::SandboxPolicy& policy,
                                                                      Generation generation) const;
    static std::vector<std::string> secret_paths(const rules::PolicyFile& file, const secrets::Params& params);
    std::string secret_files_state() const;
    Result<void> check_needs_no_restart(const rules::PolicyFile& file) const;
    Result<std::shared_ptr<const rules::PolicySnapshot>> next_snapshot(Sandbox& sandbox, const rules::PolicyFile& file,
                                                                       Generation generation) const;
    Result<void> publish(std::shared_ptr<const rules::PolicyFile> file);

    const GateOptions options_;
    std::shared_ptr<const rules::PolicyFile> file_;
    Generation generation_{1};
    std::unique_ptr<proxy::AccessLogFile> log_file_;
    std::vector<std::unique_ptr<proxy::Worker>> workers_;
    std::vector<Sandbox> sandboxes_;
    std::string secret_files_state_;
};

}  // namespace sallyport::cli
