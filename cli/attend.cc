#include "cli/attend.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/signals.h"

namespace sallyport::cli {
namespace {

void reload(Gate& gate) {
    gate.reopen_access_log();
    if (const auto reloaded = gate.reload("signal"); !reloaded) {
        return log(LogLevel::error, "reload refused, nothing has changed: " + reloaded.error().detail);
    }
    log(LogLevel::info, "reloaded");
}

}  // namespace

void block_service_signals() { block_signals({SIGTERM, SIGINT, SIGHUP}); }

LauncherWatch::LauncherWatch(Gate& gate, sandbox::Launcher& launcher, std::function<void(std::optional<int>)> ended)
    : gate_(gate), launcher_(launcher), ended_(std::move(ended)), watch_(gate.control(), launcher.event_fd(), [this](int) { read(); }) {
    watch_.want(net::FdWatch::kRead);
}

void LauncherWatch::read() {
    for (;;) {
        const auto event = launcher_.poll_event();
        if (!event) {
            log(LogLevel::error, "the launcher is gone: " + event.error().detail);
            watch_.want(net::FdWatch::kNone);
            return ended_(std::nullopt);
        }
        if (!event->has_value()) return;
        if (const auto* exit = std::get_if<sandbox::HandlerExit>(&**event)) {
            gate_.on_handler_exit(*exit);
        } else {
            ended_(std::get<sandbox::CommandExit>(**event).code);
        }
    }
}

int attend(Gate& gate, sandbox::Launcher& launcher) {
    net::Loop& loop = gate.control();
    int exit_code = 0;
    bool draining = false;
    const SignalWatch signals(loop, {SIGTERM, SIGINT, SIGHUP}, [&](Signal signal) {
        if (signal.number == SIGHUP) return reload(gate);
        // A second one does not wait.
        if (draining) return loop.stop();
        draining = true;
        log(LogLevel::info, "draining");
        gate.drain([&loop] { loop.stop(); });
    });
    const LauncherWatch launcher_watch(gate, launcher, [&](std::optional<int>) {
        exit_code = kExitGateFailed;
        loop.stop();
    });
    const SecretsTimer secrets(gate);
    loop.run();
    gate.stop();
    return exit_code;
}

SecretsTimer::SecretsTimer(Gate& gate)
    : timer_(gate.control(), [this, &gate] {
          gate.refresh_secrets();
          timer_.start(kSecretsPeriod);
      }) {
    timer_.start(kSecretsPeriod);
}

void announce_ready(int fd, const std::string& what) {
    log(LogLevel::info, "ready " + what);
    if (fd < 0) return;
    const std::string line = "ready " + what + "\n";
    (void)!write(fd, line.data(), line.size());
    close(fd);
}

}  // namespace sallyport::cli
