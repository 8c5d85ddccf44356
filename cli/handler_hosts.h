// Supervises the processes that run handlers: one for each sandbox that needs one, started when a call comes, started again
// after an end, with a growing pause where it keeps ending. What they print goes to the log with secrets masked. Called by
// workers from their threads; works on the control thread, where it lives.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "proxy/handler_link.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

// What the data plane is told; the gate passes it on to the sandbox's worker.
struct HandlerNotices {
    std::function<void(const SandboxId&, proxy::HandlerIncarnation, UniqueFd fetches)> started;
    std::function<void(const SandboxId&, proxy::HandlerIncarnation)> ended;
};

class HandlerHosts final : public proxy::HandlerLink {
public:
    // `launcher` outlives it. Notices are given on the control thread.
    HandlerHosts(net::Loop& control, sandbox::Launcher& launcher, HandlerNotices notices);
    ~HandlerHosts() override;

    void connect(const SandboxId& sandbox, std::shared_ptr<const rules::PolicySnapshot> snapshot, net::Loop& loop,
                 std::function<void(Result<proxy::HandlerConnection>)> done) override;
    void kill(const SandboxId& sandbox, proxy::HandlerIncarnation incarnation) override;

    // Control thread: the launcher says that a host has ended.
    void on_exit(const sandbox::HandlerExit& exit);
    // The sandbox has another policy now: a host with another script is of no use any more, and is not started again for
    // what was decided before.
    void on_published(const std::string& sandbox, const rules::PolicySnapshot& snapshot);
    // The sandbox is another one now, under the same name: nothing of the earlier one's host is left to it.
    void forget(const std::string& sandbox);
    void stop_all();
    std::size_t running() const;

private:
    struct Host;

    Result<proxy::HandlerConnection> connect_now(const std::string& sandbox, const rules::PolicySnapshot& snapshot);
    Result<void> start(const sandbox::HandlerSpec& spec, const rules::PolicySnapshot& snapshot, Host& host);
    void stop(const std::string& sandbox, Host& host);
    void note_end(Host& host, bool was_orderly);
    void mask_values(Host& host, const rules::PolicySnapshot& snapshot);

    net::Loop& control_;
    sandbox::Launcher& launcher_;
    HandlerNotices notices_;
    std::map<std::string, std::unique_ptr<Host>> hosts_;
    std::uint64_t last_incarnation_ = 0;
};

}  // namespace sallyport::cli
