// The system calls that a sandboxed command does without: those that reach the terminal's input, sockets that no network
// namespace confines, kernel keys, new user namespaces, mounts, and other ways into the kernel. A deny list: a sandbox
// runs anything, and its walls are the namespaces and the missing capabilities.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

// A file with the compiled program, for bubblewrap's --seccomp.
Result<UniqueFd> command_filter();

}  // namespace sallyport::sandbox
