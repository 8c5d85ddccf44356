// bubblewrap's arguments for a handler host: no network, no process but itself, a user id that nothing else has, memory
// capped, and no file but the runtime's, the two programs' text and the socket for fetches.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/command_line.h"
#include "sandbox/handler_runtime.h"
#include "sandbox/launcher.h"

namespace sallyport::sandbox {

// Where a host in a jail finds the socket for fetches.
inline constexpr char kJailFetchPath[] = "/run/sallyport/fetch.sock";

struct JailEnds {
    uid_t user = 0;            // and group
    std::string fetch_socket;  // on the host
    UniqueFd calls;            // listening
    UniqueFd report;           // pipes, to write
    UniqueFd output;
};

Result<CommandLine> handler_jail(const HandlerSpec& spec, const HandlerRuntime& runtime, JailEnds ends);

// The script's file name as the jail has it, where messages show it: `name` itself if it is a plain one.
std::string jail_script_name(const std::string& name);

}  // namespace sallyport::sandbox
