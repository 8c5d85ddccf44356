// Landlock: the daemon keeps root's user id, so that it can read secrets that only root may read; without this it could
// still write to every file of root's, and a file such as /etc/crontab or /proc/sys/kernel/core_pattern is as good as
// the capabilities it gave up.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

// From here on this thread, and those it makes, open files for reading only (/dev/null and the terminal excepted) and
// make, remove, rename and execute none; in `writable_directories` they may write, make, remove and rename regular files.
// What is open stays as it is. A kernel without Landlock gets a warning.
// config_invalid where one of the directories fails check_own_directory().
Result<void> forbid_file_changes(const std::vector<std::string>& writable_directories = {});

// A writable directory must hold nothing else that matters: one that does not exist, that others may write to, or that
// has directories in it (/etc, /var/log, /) is config_invalid.
Result<void> check_own_directory(const std::string& path);

}  // namespace sallyport::sandbox
