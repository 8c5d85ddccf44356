// The subcommands. Each returns the process's exit code.
#pragma once

#include "base/error.h"
#include "cli/options.h"

namespace sallyport::cli {

int run(const RunOptions& options);
int attach(const AttachOptions& options);
int serve(const ServeOptions& options);
int check(const CheckOptions& options);

// 0: allowed; 1: denied; 2: no answer.
int explain(const ExplainOptions& options);
// 0: no difference; 1: some; 2: no answer.
int policy_diff(const PolicyDiffOptions& options);
// 0: proved; 1: refuted; 2: undecided, or no answer.
int policy_prove(const PolicyProveOptions& options);
// 0: nothing would change; 1: something would; 2: no answer.
int policy_replay(const PolicyReplayOptions& options);
// 0: the chain holds; 1: it does not; 2: no answer.
int audit_verify(const AuditVerifyOptions& options);
// What the daemon answers, on standard output. 0: done; 1: refused; 2: no answer.
int call_admin(const CallOptions& options);
// 0: done; 1: there is no such entry; 2: it cannot be done.
int secret_store(const SecretStoreOptions& options);
int tail(const TailOptions& options);
int top(const TopOptions& options);

// The gate did not start, or failed: nothing has got out.
inline constexpr int kExitGateFailed = 125;
// A question could not be answered.
inline constexpr int kExitNoAnswer = 2;

// Says why on standard error; returns kExitGateFailed.
int complain(const Error& error);
// The same, for a question: returns kExitNoAnswer.
int no_answer(const Error& error);

}  // namespace sallyport::cli
