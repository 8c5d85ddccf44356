// The subcommands. Each returns the process's exit code.
#pragma once

#include "base/error.h"
#include "cli/options.h"

namespace sallyport::cli {

int run(const RunOptions& options);
int attach(const AttachOptions& options);
int serve(const ServeOptions& options);
int check(const CheckOptions& options);

// The gate did not start, or failed: nothing has got out.
inline constexpr int kExitGateFailed = 125;

// Says why on standard error; returns kExitGateFailed.
int complain(const Error& error);

}  // namespace sallyport::cli
