// The host's own secrets, hidden from every sandbox: a command that runs as root reads what only root may read, without
// any capability.
#pragma once

#include <string>
#include <vector>

namespace sallyport::sandbox {

// Those that exist, canonical, and links to them: password hashes, the SSH server's keys.
std::vector<std::string> private_files();
// Those that exist, canonical: TLS keys, and what container engines keep, secrets and other containers' files included.
std::vector<std::string> private_directories();

}  // namespace sallyport::sandbox
