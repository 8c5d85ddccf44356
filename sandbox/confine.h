// What the process that parses bytes from sandboxes gives up before it reads the first one: all capabilities (bounding
// and ambient sets too), new privileges, core dumps and ptrace (not dumpable), and every system call it does not need
// (seccomp, an allow list; execve, ptrace, mount, setns, unshare, bpf and the like kill the process).
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// Threads made later inherit all of it. Irreversible.
Result<void> confine_this_process();

}  // namespace sallyport::sandbox
