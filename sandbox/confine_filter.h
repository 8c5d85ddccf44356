// The system calls that the daemon needs once it serves sandboxes: an allow list. What is not on it fails with EPERM;
// what only an intruder would call ends the process.
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// Whether the calls that write, make, remove and rename files are on the list. With them, only Landlock says where
// (sandbox/confine_files.h), so they are there for a daemon that has files to write and for no other.
enum class FileChanges { forbidden, left_to_landlock };

// For this thread and those it makes. Built with a sanitizer, the runtime's own calls (a tracer for leaks, its clone
// without CLONE_THREAD) are let through as well.
Result<void> load_confine_filter(FileChanges changes = FileChanges::forbidden);

}  // namespace sallyport::sandbox
