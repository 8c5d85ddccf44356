// Commands that print a secret (`secrets: { s: { command: [pass, show, x] } }`). The daemon may not execute anything, and may
// have been taken over when it asks: so it names its commands before the launcher is sealed, and afterwards exactly those
// run, with the same arguments, outside of every sandbox, as the launcher's user. No shell; an environment of PATH, HOME, USER,
// LOGNAME and LANG; nothing on standard input, nothing of standard error, which may hold what is secret too.
// Owned by the launcher's loop.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_string.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

inline constexpr std::size_t kSecretOutputBytesMax = 64 * 1024;

class SecretCommands final {
public:
    using Arguments = std::vector<std::string>;

    SecretCommands() = default;
    SecretCommands(const SecretCommands&) = delete;
    SecretCommands& operator=(const SecretCommands&) = delete;
    ~SecretCommands();

    // Once. Programs without '/' are looked for in PATH now, before anything in a sandbox could put others in their place; one
    // that is not there fails when it is started.
    Result<void> allow(const std::vector<Arguments>& commands);

    // For receive_secret(): what the command prints, when it has ended. Closing it ends the command.
    Result<UniqueFd> start(const Arguments& arguments, std::chrono::milliseconds timeout);

    // Each is readable when a command has ended; then collect() forgets it.
    std::vector<int> event_fds() const;
    void collect();

private:
    struct Allowed {
        Arguments arguments;
        std::string program;  // its path; empty where there is none
    };
    struct Running {
        pid_t keeper = -1;
        UniqueFd ended;
    };

    bool has_allowed_ = false;
    std::vector<Allowed> allowed_;
    std::vector<Running> running_;
};

// On the daemon's side, any thread: waits for the answer. secret_unavailable for another exit status than 0, more than
// kSecretOutputBytesMax, or no end within `timeout` (and a second, in which the launcher ends it).
Result<SecretString> receive_secret(int socket, std::chrono::milliseconds timeout);

}  // namespace sallyport::sandbox
