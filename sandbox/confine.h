// What the process that parses bytes from sandboxes gives up before it reads the first one: all capabilities (bounding
// and ambient sets too), new privileges, core dumps and ptrace (not dumpable), opening files for writing (Landlock; what
// is open stays open), and every system call it does not need (seccomp, an allow list; execve, fork, ptrace, mount,
// setns, unshare, bpf and the like kill the process; unix sockets and signals to other processes fail).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

struct ConfineOptions {
    // Directories (they exist, and hold no directories) in which files may still be written, made, renamed and removed:
    // the state's and the audit log's. Nothing else is. Where the kernel has no Landlock, naming any is leave to write to
    // every file of root's: the system calls it takes are then let through, and a warning says so.
    std::vector<std::string> writable_directories;
};

// Threads made later inherit all of it. Irreversible.
Result<void> confine_this_process(const ConfineOptions& options = {});

}  // namespace sallyport::sandbox
