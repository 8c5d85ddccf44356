// bubblewrap's arguments for one command: the host's tree read-only, scratch directories empty, the working directory
// writable, what must not be seen hidden, and the sandbox's own name service, hosts file and certificates.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/launcher.h"

namespace sallyport::sandbox {

struct CommandLine {
    std::vector<std::string> options;  // for --args
    std::vector<UniqueFd> fds;         // that the options name by number; close-on-exec until the command is forked
    std::vector<std::string> command;
    // Of the process; without them, what the launcher itself has.
    UniqueFd output;                                       // standard output and error; standard input is empty then
    std::vector<std::pair<int, std::uint64_t>> limits;     // RLIMIT_…, soft and hard
    int nice = 0;
};

// `host_sockets`: unix sockets of the host's services (hidden_paths.h). Fails with config_invalid where a path to be
// masked would show through something that the command may write to.
Result<CommandLine> command_line(const CommandSpec& spec, const std::vector<std::string>& host_sockets);

}  // namespace sallyport::sandbox
