// The small privileged process. It makes namespaces, redirect tables, mounts and sandboxed commands; it is forked before
// anything else happens (before threads, before secrets are read), and serves the daemon over a socketpair, with
// descriptors passed. It never sees a byte from inside a sandbox, and is sealed before the daemon does: what a daemon asks
// for that may have been taken over is not granted, except handler hosts, which may do less than that daemon itself, and the
// commands for secrets that it named before. When the daemon dies it ends everything it made; when it dies, commands die with it and the daemon is told.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
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

// Code that runs handlers: Node.js with the script of one policy, for one sandbox, in a jail of its own: no network but
// the two unix sockets, no files but the runtime's and the script, memory capped. Or, where `socket_path` is set, a
// service of the operator's that listens there: then no process is started.
struct HandlerSpec {
    std::string name;         // the sandbox's
    std::string script;       // text of an ES module
    std::string script_name;  // for messages: "vcs.js"
    std::uint32_t memory_mib = 128;
    std::string socket_path;  // one of those that allow_handler_sockets() has been told of
};

struct HandlerProcess {
    UniqueFd fetches;  // a listening unix stream socket, non-blocking: what the host fetches comes in here
    // One JSON line when the script has been read: {"hosts": […], "named": […], "outbound": true}; then end of file, and the
    // host answers calls. Or {"error": "…"}: the host ends then. Nothing while the script's top level still runs, and end of
    // file alone where it ended the process. To be read with a deadline and a bound. Non-blocking; empty for a service.
    UniqueFd report;
    // What the script writes to its console, as lines. It waits while nobody reads. Non-blocking; empty for a service.
    UniqueFd output;
    std::string fetch_path;  // where the host finds `fetches`, as it sees it
    std::uint64_t start = 0;  // which start it is, of all that the launcher has made
};

struct HandlerExit {
    std::string name;
    int code = 0;  // as CommandExit
    // HandlerProcess::start: a host that ended while another took its name is told apart so.
    std::uint64_t start = 0;
};

// What has ended by itself.
using LauncherEvent = std::variant<CommandExit, HandlerExit>;

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

    // Before seal(): the only services that may be connected to afterwards, and where the sockets for fetches are made
    // (created, mode 0711, so that services of other users reach the socket that is theirs; empty: a directory of our own
    // under /run, closed to everyone, that goes with the launcher). A socket for fetches belongs to the owner and the group
    // of the service's socket.
    Result<void> allow_handler_sockets(const std::vector<std::string>& paths, const std::string& directory);
    // These three also after seal(): nothing that is started so can reach anything but the daemon. A name has one handler
    // host at a time. Returns when the jail is being made: calls may be connected at once, and wait until the script is read.
    Result<HandlerProcess> start_handler(const HandlerSpec& spec);
    // A new connection to the host's own listener, non-blocking.
    Result<UniqueFd> connect_handler(const std::string& name);
    // Kills it (SIGKILL, with all that it started) and returns when it is gone; then there is no HandlerExit. Fails where
    // there is none, as when it has ended by itself.
    Result<void> stop_handler(const std::string& name);

    // Before seal(): the only commands that may be run for secrets afterwards (sandbox/secret_commands.h).
    Result<void> allow_secret_commands(const std::vector<std::vector<std::string>>& commands);
    // Also after seal(): one of those, started. For receive_secret(), on any thread.
    Result<UniqueFd> start_secret_command(const std::vector<std::string>& arguments, std::chrono::milliseconds timeout);

    // Readable when poll_event() has something to say.
    int event_fd() const;
    // An end; nothing yet; or an error where the launcher itself is gone (then fail closed: leave).
    Result<std::optional<LauncherEvent>> poll_event();

private:
    Launcher() = default;
    UniqueFd calls_;   // SOCK_SEQPACKET: request, answer
    UniqueFd events_;  // SOCK_SEQPACKET: exits
    pid_t pid_ = -1;
};

}  // namespace sallyport::sandbox
