// Runs work on a thread of its own inside a network namespace. The thread ends there, so that nothing of the launcher
// can be left behind in a sandbox's namespace; sockets opened by the work keep belonging to it.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

using NamespaceWork = std::function<Result<void>()>;

Result<void> run_in_namespace(int netns, const NamespaceWork& work);
// Makes a namespace, runs the work in it and returns it.
Result<UniqueFd> run_in_new_namespace(const NamespaceWork& work);

}  // namespace sallyport::sandbox
