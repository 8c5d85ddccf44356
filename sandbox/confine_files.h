// Landlock: the daemon keeps root's user id, so that it can read secrets that only root may read; without this it could
// still write to every file of root's, and a file such as /etc/crontab or /proc/sys/kernel/core_pattern is as good as
// the capabilities it gave up.
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// From here on this thread, and those it makes, open files for reading only (/dev/null and the terminal excepted) and
// make, remove, rename and execute none. What is open stays as it is. A kernel without Landlock gets a warning.
Result<void> forbid_file_changes();

}  // namespace sallyport::sandbox
