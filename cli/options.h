// The command line, as a value.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sallyport::cli {

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
    int ready_fd = -1;
};

struct ServeOptions {
    GateOptions gate;
    std::string runtime_dir = "/run/sallyport";
    int ready_fd = -1;
};

struct CheckOptions {
    std::string config_file;
};

// Said and done: --help, --version, or a mistake that has been explained.
struct Finished {
    int exit_code = 0;
};

using Options = std::variant<Finished, RunOptions, AttachOptions, ServeOptions, CheckOptions>;

// Prints help and mistakes itself.
Options parse_command_line(int argc, const char* const* argv);

}  // namespace sallyport::cli
