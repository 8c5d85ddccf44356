// The launcher's own side: the loop of the privileged process. Owns the namespaces, the command and the handler hosts; ends
// when the daemon's sockets close, whatever the reason, and takes everything with it. Once sealed it makes nothing that it
// did not check before, except handler hosts, which reach nothing; and runs no command for a secret that was not named before.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/command.h"
#include "sandbox/handler_hosts.h"
#include "sandbox/messages.h"
#include "sandbox/namespace.h"
#include "sandbox/secret_commands.h"

namespace sallyport::sandbox {

class LauncherProcess final {
public:
    LauncherProcess(UniqueFd calls, UniqueFd events) : calls_(std::move(calls)), events_(std::move(events)) {}
    ~LauncherProcess();

    // Returns when the daemon is gone.
    void serve();

private:
    struct PreparedCommand {
        std::string namespace_name;
        CommandLine line;
    };

    // What goes to the daemon with an answer.
    struct Given {
        std::string text;
        std::vector<UniqueFd> fds;
        int netns = -1;  // before the others, where it is set; the launcher keeps it
    };

    bool serve_call();
    void report_exit();
    void report_handlers();
    void tell(const LauncherEvent& event) const;

    Result<void> handle(const NamespaceRequest& request, Given& given);
    Result<void> handle(const CloseNamespace& call, Given& given);
    Result<void> handle(const Seal& seal, Given& given);
    Result<void> handle(const StartCommand& call, Given& given);
    Result<void> handle(const SignalCommand& call, Given& given);
    Result<void> handle(const AllowHandlerSockets& call, Given& given);
    Result<void> handle(const HandlerSpec& spec, Given& given);
    Result<void> handle(const ConnectHandler& call, Given& given);
    Result<void> handle(const StopHandler& call, Given& given);
    Result<void> handle(const AllowSecretCommands& call, Given& given);
    Result<void> handle(const StartSecretCommand& call, Given& given);
    Result<PreparedCommand> prepare(const CommandSpec& spec) const;
    Result<NamespaceParts> attach(const NamespaceRequest& request) const;

    UniqueFd calls_;
    UniqueFd events_;
    std::map<std::string, OpenNamespace> namespaces_;
    bool sealed_ = false;
    std::optional<PreparedCommand> prepared_;
    std::optional<RunningCommand> command_;
    HandlerHosts handlers_;
    SecretCommands secret_commands_;
};

}  // namespace sallyport::sandbox
