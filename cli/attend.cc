#include "cli/attend.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/signals.h"

namespace sallyport::cli {
namespace {

void reload(Gate& gate) {
    if (const auto reloaded = gate.reload(); !reloaded) {
        return log(LogLevel::error, "reload refused, nothing has changed: " + reloaded.error().detail);
    }
    log(LogLevel::info, "reloaded");
}

}  // namespace

void block_service_signals() { block_signals({SIGTERM, SIGINT, SIGHUP}); }

int attend(Gate& gate, sandbox::Launcher& launcher) {
    net::Loop loop;
    int exit_code = 0;
    bool draining = false;
    const SignalWatch signals(loop, {SIGTERM, SIGINT, SIGHUP}, [&](Signal signal) {
        if (signal.number == SIGHUP) return reload(gate);
        // A second one does not wait.
        if (draining) return loop.stop();
        draining = true;
        log(LogLevel::info, "draining");
        gate.drain(loop, [&loop] { loop.stop(); });
    });
    net::FdWatch launcher_events(loop, launcher.event_fd(), [&](int) {
        const auto exit = launcher.poll_exit();
        if (exit) return;
        log(LogLevel::error, "the launcher is gone: " + exit.error().detail);
        exit_code = kExitGateFailed;
        loop.stop();
    });
    launcher_events.want(net::FdWatch::kRead);
    net::Timer secrets(loop, [&] {
        gate.refresh_secrets();
        secrets.start(kSecretsPeriod);
    });
    secrets.start(kSecretsPeriod);
    loop.run();
    gate.stop();
    return exit_code;
}

void announce_ready(int fd, const std::string& what) {
    log(LogLevel::info, "ready " + what);
    if (fd < 0) return;
    const std::string line = "ready " + what + "\n";
    (void)!write(fd, line.data(), line.size());
    close(fd);
}

}  // namespace sallyport::cli
