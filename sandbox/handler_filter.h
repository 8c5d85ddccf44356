// The system calls that a handler host does without, beside those of command_filter.h: other processes, and every socket but
// unix ones. One process is all there is in its jail, so what is limited for that process is limited for the jail.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

// A file with the compiled program, for bubblewrap's --add-seccomp-fd.
Result<UniqueFd> handler_filter();

}  // namespace sallyport::sandbox
