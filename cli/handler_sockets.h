// Tells the launcher, before it is sealed, which handler services of the operator's there are, and which commands print secrets.
#pragma once

#include <string>

#include "cli/gate.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// Those that the file's policies name. `directory`: where services find the sockets for their fetches; empty: one of this
// process's own below /run/sallyport.
Result<void> allow_handler_sockets(const Gate& gate, sandbox::Launcher& launcher, std::string directory);

// Those of the file's secrets.
Result<void> allow_secret_commands(const Gate& gate, sandbox::Launcher& launcher);

}  // namespace sallyport::cli
