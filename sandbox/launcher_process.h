// The launcher's own side: the loop of the privileged process. Owns the namespaces and the command; ends when the
// daemon's sockets close, whatever the reason, and takes everything with it. Once sealed it makes nothing that it did not
// check before.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "sandbox/command.h"
#include "sandbox/messages.h"
#include "sandbox/namespace.h"

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

    bool serve_call();
    void report_exit();

    Result<void> handle(const NamespaceRequest& request, Listeners& listeners);
    Result<void> handle(const CloseNamespace& call, Listeners& listeners);
    Result<void> handle(const Seal& seal, Listeners& listeners);
    Result<void> handle(const StartCommand& call, Listeners& listeners);
    Result<void> handle(const SignalCommand& call, Listeners& listeners);
    Result<PreparedCommand> prepare(const CommandSpec& spec) const;
    Result<NamespaceParts> attach(const NamespaceRequest& request) const;
    std::vector<int> fds_to_pass(const Call& call, const Listeners& listeners) const;

    UniqueFd calls_;
    UniqueFd events_;
    std::map<std::string, OpenNamespace> namespaces_;
    bool sealed_ = false;
    std::optional<PreparedCommand> prepared_;
    std::optional<RunningCommand> command_;
};

}  // namespace sallyport::sandbox
