// One running sandboxed command, a user's or a handler host: bubblewrap's monitor (our child), its init (which ends the
// sandbox when it ends), and the command below it. Owned by the launcher.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/command_line.h"

namespace sallyport::sandbox {

class RunningCommand final {
public:
    // `netns`: which to enter first; negative for none.
    static Result<RunningCommand> start(int netns, const CommandLine& line);

    // Readable when the command has ended; then wait() does not block.
    int event_fd() const { return monitor_.get(); }
    CommandExit wait();
    Result<void> signal(int signal) const;
    // Ends every process in the sandbox; wait() comes next.
    void kill() const;

private:
    RunningCommand() = default;
    Result<void> find_init();
    Result<UniqueFd> find_command() const;
    std::string read_status();

    pid_t monitor_pid_ = -1;
    pid_t init_pid_ = -1;
    UniqueFd monitor_;
    UniqueFd init_;
    UniqueFd status_;  // bubblewrap's JSON documents
};

}  // namespace sallyport::sandbox
