// What the process that parses bytes from sandboxes gives up before it reads the first one: all capabilities (bounding
// and ambient sets too), new privileges, core dumps and ptrace (not dumpable), opening files for writing (Landlock; what
// is open stays open), and every system call it does not need (seccomp, an allow list; execve, fork, ptrace, mount,
// setns, unshare, bpf and the like kill the process; unix sockets and signals to other processes fail).
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// Threads made later inherit all of it. Irreversible.
Result<void> confine_this_process();

}  // namespace sallyport::sandbox
