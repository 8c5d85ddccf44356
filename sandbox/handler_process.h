// One handler host: its process in a jail, or a service of the operator's; with the sockets that lead to it and back.
// Owned by HandlerHosts. The launcher's one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/command.h"
#include "sandbox/handler_runtime.h"
#include "sandbox/handler_sockets.h"
#include "sandbox/launcher.h"

namespace sallyport::sandbox {

// What a start needs beside its spec.
struct HandlerPlace {
    const HandlerDirectory& directory;
    std::string name;  // for the sockets; never used before in the directory
    uid_t user = 0;    // and group: of this host alone
};

class HandlerHost final {
public:
    // Starts the process; what the script says comes later. `given` gets the daemon's part.
    static Result<HandlerHost> start(const HandlerSpec& spec, const HandlerRuntime& runtime, const HandlerPlace& place,
                                     HandlerProcess& given);
    // A service at `socket_path`, which must exist; the socket for fetches is for those who may connect to that one.
    static Result<HandlerHost> serve(const std::string& socket_path, const HandlerPlace& place, HandlerProcess& given);

    Result<UniqueFd> connect() const;
    // Readable when the process has ended; negative for a service.
    int event_fd() const { return process_ ? process_->event_fd() : -1; }
    // Blocks until it has ended.
    int wait();
    // Ends it, and returns when every process of the jail is gone.
    void kill();

private:
    std::optional<RunningCommand> process_;
    ListeningPath calls_;
    ListeningPath fetches_;
    std::string call_path_;
};

}  // namespace sallyport::sandbox
