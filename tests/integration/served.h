// A deployment: `sallyport serve` with a file, its admin socket, and commands in its sandboxes' namespaces.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "guarded.h"

namespace sallyport::integration {

struct ServedOptions {
    std::vector<std::string> options;  // more for the command line
    // Files beside the deployment's: name (may have folders) and text.
    std::map<std::string, std::string> files;
    bool keeps_state = true;
    bool may_be_refused = false;
};

// One answer of the admin API.
struct Answer {
    int status = 0;
    std::string etag;  // without quotes
    std::string body;
};

class Served final {
public:
    // Returns once all sandboxes are guarded; a start that fails throws, unless it may be refused.
    explicit Served(const std::string& file_text, const ServedOptions& options = {});
    // Ends it, and waits: what it pinned is gone then.
    ~Served();
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    Process& daemon() { return daemon_; }
    bool is_ready() const { return ready_; }
    // SIGKILL, then a new daemon on the same file and state.
    void kill_and_start_again();
    void start();

    std::string directory() const { return files_; }  // the deployment's file is "policy.yaml" in it
    std::string runtime() const { return files_ + "/run"; }
    std::string socket() const { return runtime() + "/admin.sock"; }
    std::string access_log_path() const { return files_ + "/log/access.log"; }
    std::string audit_log_path() const { return files_ + "/log/audit.jsonl"; }
    void rewrite(const std::string& name, const std::string& text) const;
    std::string messages() const { return daemon_.err(); }
    std::vector<LogLine> access_log(std::size_t count) const;

    // As root on the host, over the unix socket. `fields`: "Name: value".
    Answer call(const std::string& method, const std::string& target, const std::string& body = {},
                const std::vector<std::string>& fields = {}) const;
    // Another subcommand of the program, on the host.
    Finished sallyport(std::vector<std::string> arguments) const;

    // As root in a sandbox's namespace, trusting its CA.
    Process start_in(const std::string& sandbox, Spawn spawn) const;
    Finished run_in(const std::string& sandbox, const std::vector<std::string>& argv) const;
    Finished curl_in(const std::string& sandbox, const std::vector<std::string>& arguments) const;

private:
    std::string files_;
    ServedOptions options_;
    bool ready_ = false;
    Process daemon_;
};

}  // namespace sallyport::integration
