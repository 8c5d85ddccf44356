// The system calls that the daemon needs once it serves sandboxes: an allow list. What is not on it fails with EPERM;
// what only an intruder would call ends the process.
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// For this thread and those it makes. Built with a sanitizer, the runtime's own calls (a tracer for leaks, its clone
// without CLONE_THREAD) are let through as well.
Result<void> load_confine_filter();

}  // namespace sallyport::sandbox
