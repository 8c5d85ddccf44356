// The small privileged process. It makes namespaces, redirect tables, mounts and sandboxed commands; it is forked before
// anything else happens (before threads, before secrets are read), and serves the daemon over a socketpair, with
// descriptors passed. It never sees a byte from inside a sandbox, and is sealed before the daemon does: what a daemon asks
// for that may have been taken over is not granted. When the daemon dies it ends everything it made; when it dies, commands
// die with it and the daemon is told.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

// Where a namespace comes from: made anew (no uplink), or someone else's.
struct NamespaceRequest {
    std::string name;         // the sandbox's; for messages and for the pinned path
    std::string attach_path;  // "/proc/123/ns/net", "/run/netns/x"; empty: make one
    // Bind the new namespace here, so that others can enter it; empty: anonymous. Its directory belongs to the sandbox, and
    // goes with it, with the files that were put there; one that was there before, and held no pin, is left alone.
    std::string pin_path;
};

// Opened inside the namespace, listening, non-blocking, close-on-exec. TCP: 127.0.0.1 and ::1, on ports the kernel chose;
// DNS: UDP on the same addresses (DNS over TCP arrives at the TCP sockets with original port 53).
struct NamespaceSockets {
    UniqueFd netns;
    UniqueFd tcp_v4;
    UniqueFd tcp_v6;
    UniqueFd dns_v4;
    UniqueFd dns_v6;
};

struct Bind {
    std::string source;
    std::string target;
    bool writable = false;
};

// A command inside a namespace, isolated by bubblewrap. It inherits the launcher's terminal and standard streams.
struct CommandSpec {
    std::string name;                        // which namespace (NamespaceRequest::name)
    std::vector<std::string> argv;
    std::vector<std::string> environment;    // "NAME=value": all of it
    std::string working_directory;           // visible and writable inside, at the same path
    std::vector<Bind> binds;
    std::vector<std::string> masked_paths;   // files and directories that must not be seen (where secrets come from)
    // The operator's files (policy, CAs, hosts, access log): visible, but never writable inside, wherever they lie. What does
    // not exist is left out.
    std::vector<std::string> read_only_paths;
    std::string trust_bundle_pem;            // replaces the system's bundle inside
    std::string ca_pem;                      // the sandbox's own CA alone
};

struct CommandExit {
    int code = 0;  // as a shell says it: the exit status, or 128 + signal; 125: the sandbox could not be set up
};

// The daemon's handle. Calls block until the launcher has answered; made for start-up and for the control thread.
class Launcher final {
public:
    // Forks. The caller must be single-threaded.
    static Result<Launcher> start();
    Launcher(Launcher&&) noexcept;
    Launcher& operator=(Launcher&&) noexcept;
    ~Launcher();

    Result<NamespaceSockets> open_namespace(const NamespaceRequest& request);
    // Undoes open_namespace: unpins, and removes what was added to someone else's namespace except what keeps it closed.
    Result<void> close_namespace(const std::string& name);
    // Hands over the command, if there will be one, and gives up everything else: from here on the launcher starts that
    // command, signals it and closes namespaces, whatever the daemon asks. Called before the daemon reads the first byte from
    // a sandbox. A command that is refused leaves the launcher sealed without one.
    Result<void> seal(std::optional<CommandSpec> command);
    // Starts the command that was handed over. Once.
    Result<void> start_command();
    // To the command itself (not to bubblewrap's own processes).
    Result<void> signal_command(int signal);

    // Readable when poll_exit() has something to say.
    int event_fd() const;
    // The command's end; nothing yet; or an error where the launcher itself is gone (then fail closed: leave).
    Result<std::optional<CommandExit>> poll_exit();

private:
    Launcher() = default;
    UniqueFd calls_;   // SOCK_SEQPACKET: request, answer
    UniqueFd events_;  // SOCK_SEQPACKET: exits
    pid_t pid_ = -1;
};

}  // namespace sallyport::sandbox
