// The command line, as a value.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sallyport::cli {

inline constexpr const char* kDefaultAdminSocket = "/run/sallyport/admin.sock";

// What run, attach and serve have in common.
struct GateOptions {
    std::string config_file;              // a policy file; empty for the embedded one, which allows nothing
    std::string access_log = "/var/log/sallyport/access.log";  // a path, "-" for standard error, "none"
    std::vector<std::string> upstream_ca_files;
    std::string hosts_file = "/etc/hosts";
    std::string resolv_conf_file = "/etc/resolv.conf";
    double deadline_scale = 1;
    unsigned workers = 1;
    bool serves_every_entry = false;      // every sandbox of the file has a namespace (serve)
    std::string log_format = "text";
};

struct RunOptions {
    GateOptions gate;
    std::string policy;                   // the policy's name in the file; empty: the only one
    std::string name;                     // the sandbox's; empty: made up
    std::vector<std::string> binds;       // SRC[:DST[:rw]]
    std::vector<std::string> environment; // NAME or NAME=VALUE
    std::vector<std::string> argv;
};

struct AttachOptions {
    GateOptions gate;
    std::string policy;
    std::string name;
    std::string netns_path;
    std::string ca_out_file;              // where the trust bundle is written; empty: nowhere
    std::string env_out_file;             // where variables with placeholders are written; empty: nowhere
    int ready_fd = -1;
};

struct ServeOptions {
    GateOptions gate;
    std::string runtime_dir = "/run/sallyport";
    std::string state_dir = "/var/lib/sallyport";  // what the admin API has set; "none": it is forgotten
    int ready_fd = -1;
};

struct CheckOptions {
    std::string config_file;
};

struct ExplainOptions {
    std::string config_file;              // empty: ask the daemon
    std::string socket = kDefaultAdminSocket;
    std::string sandbox;
    std::string policy;                   // of the file, instead of a sandbox's
    bool assume_secrets = false;          // every secret is there
    bool as_json = false;
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;     // "Name: value"
};

struct PolicyDiffOptions {
    std::string before_file;
    std::string after_file;
    bool as_json = false;
};

struct PolicyProveOptions {
    std::string config_file;
    std::string credential;
    std::vector<std::string> never_outside;
    std::string policy;
    bool as_json = false;
};

struct PolicyReplayOptions {
    std::string log_file;
    std::string config_file;
    bool all = false;                     // what does not change too
};

struct AuditVerifyOptions {
    std::vector<std::string> files;       // one: with its rotated ones
    std::string expected_hash;            // of the last record; empty: whatever it is
};

// A call of the admin API.
struct CallOptions {
    std::string socket = kDefaultAdminSocket;
    std::string method = "GET";
    std::string target;
    std::string body_file;                // "-": standard input; empty: no body
    std::string if_match;
};

// A file of encrypted values (secrets/encrypted_file.h).
struct SecretStoreOptions {
    enum class Act { list, set, remove };
    Act act = Act::list;
    std::string store_file;
    std::string key_file;                 // exactly one of them
    std::string passphrase_file;
    std::string name;
};

struct TailOptions {
    std::string socket = kDefaultAdminSocket;
    std::string sandbox;
    std::string type;
};

struct TopOptions {
    std::string socket = kDefaultAdminSocket;
    double interval_seconds = 2;
    unsigned count = 0;                   // pages; 0: until interrupted
};

// Said and done: --help, --version, or a mistake that has been explained.
struct Finished {
    int exit_code = 0;
};

using Options = std::variant<Finished, RunOptions, AttachOptions, ServeOptions, CheckOptions, ExplainOptions,
                             PolicyDiffOptions, PolicyProveOptions, PolicyReplayOptions, AuditVerifyOptions, CallOptions,
                             SecretStoreOptions, TailOptions, TopOptions>;

// Prints help and mistakes itself.
Options parse_command_line(int argc, const char* const* argv);

}  // namespace sallyport::cli
