// The explicit proxy, for clients that no namespace leads to the gate: a thread that takes connections on unix and loopback
// sockets until it is known whose they are, and hands them to the sandbox's worker. It has a thread of its own so that what
// strangers send keeps nobody else waiting. Built and used on the control thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/proxy_door.h"

namespace sallyport::proxy {

struct ExplicitProxyOptions {
    std::vector<UniqueFd> listeners;
    Deadlines deadlines;
    // As WorkerOptions'.
    unsigned index = 0;
    std::function<void(std::string_view lines)> on_access_lines;
    const std::atomic<bool>* tapped = nullptr;
};

class ExplicitProxy final {
public:
    // Takes a connection of a sandbox; called on the proxy's thread.
    using Admit = std::function<void(UniqueFd fd, ProxyOpening opening)>;

    ExplicitProxy(ExplicitProxyOptions options, AccessLogFile& log_file);
    ~ExplicitProxy();

    void start();
    // The rest: from any thread. Who shows the password is handed to `admit`. `applied` (may be empty) is called on the proxy's
    // thread once nobody is let in by an earlier one.
    void set_credential(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential, Admit admit,
                        std::function<void()> applied = {});
    void remove_credential(const SandboxId& sandbox, std::function<void()> applied = {});
    // Of the connections that were not handed on. `done` is called on the proxy's thread.
    void read_counters(std::function<void(Counters)> done);
    // Takes no more connections.
    void close();
    void stop();

private:
    void set(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential, Admit admit,
             std::function<void()> applied);

    net::Loop loop_;
    AccessLog access_log_;
    std::unique_ptr<char[]> read_block_;
    std::map<SandboxId, Admit> admits_;
    DoorContext context_;
    std::vector<std::unique_ptr<ProxyDoor>> doors_;
    std::thread thread_;
};

}  // namespace sallyport::proxy
