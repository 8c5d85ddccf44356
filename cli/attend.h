// The control thread's life in attach and serve: SIGHUP reloads, SIGTERM and SIGINT drain, secrets are refreshed, and a
// launcher that dies ends the gate.
#pragma once

#include "cli/gate.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// Blocks those signals; before threads.
void block_service_signals();
// Returns the exit code, after draining.
int attend(Gate& gate, sandbox::Launcher& launcher);
// "ready NAME" to the descriptor, which is then closed; nothing for -1.
void announce_ready(int fd, const std::string& what);

}  // namespace sallyport::cli
