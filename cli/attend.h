// The control thread's life in attach and serve: SIGHUP reloads (and opens the access log again), SIGTERM and SIGINT drain,
// secrets are refreshed, handlers' ends are told, and a launcher that dies ends the gate.
#pragma once

#include <functional>
#include <optional>

#include "cli/gate.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// Hears of what ends by itself: handlers' processes, which the gate is told of, and the rest.
class LauncherWatch final {
public:
    // `ended` gets the command's exit code; or nothing where the launcher itself is gone.
    LauncherWatch(Gate& gate, sandbox::Launcher& launcher, std::function<void(std::optional<int> exit_code)> ended);

private:
    void read();

    Gate& gate_;
    sandbox::Launcher& launcher_;
    std::function<void(std::optional<int>)> ended_;
    net::FdWatch watch_;
};

// Looks at secrets now and then, on the gate's control loop.
class SecretsTimer final {
public:
    explicit SecretsTimer(Gate& gate);

private:
    net::Timer timer_;
};

// Blocks those signals; before threads.
void block_service_signals();
// Returns the exit code, after draining.
int attend(Gate& gate, sandbox::Launcher& launcher);
// "ready NAME" to the descriptor, which is then closed; nothing for -1.
void announce_ready(int fd, const std::string& what);

}  // namespace sallyport::cli
