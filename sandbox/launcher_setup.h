// What the launcher's process does before it serves the first call: it ignores the signals that are meant for the
// command, closes what it inherited, and gives up the capabilities that it has no use for.
#pragma once

#include "base/result.h"

namespace sallyport::sandbox {

// `calls` and `events` are the descriptors to keep, besides the standard streams. Fails where root lacks a capability that
// is needed, as it does in most containers.
Result<void> prepare_launcher_process(int calls, int events);

}  // namespace sallyport::sandbox
