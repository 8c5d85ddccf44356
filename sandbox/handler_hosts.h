// The handler hosts of all sandboxes. The daemon may ask for them after it has been taken over, so everything it says is
// checked here; and nothing that is started so can reach anything but the daemon. Owned by the launcher's loop.
#pragma once

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/handler_process.h"
#include "sandbox/launcher.h"

namespace sallyport::sandbox {

class HandlerHosts final {
public:
    HandlerHosts() = default;
    HandlerHosts(const HandlerHosts&) = delete;
    HandlerHosts& operator=(const HandlerHosts&) = delete;
    ~HandlerHosts();

    Result<void> allow(const std::vector<std::string>& paths, const std::string& directory);
    // Looks for Node.js now, before anything that runs in a sandbox could put another one in its place. What is wrong is
    // said by start().
    void find_runtime();

    Result<HandlerProcess> start(const HandlerSpec& spec);
    Result<UniqueFd> connect(const std::string& name) const;
    Result<void> stop(const std::string& name);

    // Each is readable when a host has ended; then collect() says which.
    std::vector<int> event_fds() const;
    std::vector<HandlerExit> collect();

private:
    static constexpr std::size_t kHostsMax = 256;

    struct Entry {
        HandlerHost host;
        std::size_t slot = 0;
        std::uint64_t start = 0;
    };

    Result<void> check(const HandlerSpec& spec) const;
    Result<HandlerHost> make(const HandlerSpec& spec, std::size_t slot, HandlerProcess& given);
    void remove(std::map<std::string, Entry>::iterator entry);

    bool is_named_ = false;  // services_, though there may be none
    std::vector<std::string> services_;
    std::optional<HandlerDirectory> directory_;  // goes after the sockets in it
    std::optional<Result<HandlerRuntime>> runtime_;
    std::bitset<kHostsMax> used_;
    std::uint64_t starts_ = 0;
    std::map<std::string, Entry> hosts_;
};

}  // namespace sallyport::sandbox
