// An origin of the fake internet that speaks HTTP/2 (origin/http2_server.js, which see), and what it has been asked.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "access_log.h"
#include "process.h"

namespace sallyport::integration {

// A server at one of the world's addresses, once it has said `ready`; `argv` gets no files of the outside to write to.
Process start_origin(const std::vector<std::string>& argv, const std::string& ready = "up");

class Http2Origin final {
public:
    // At port 9443, or in the clear at 9080. `protocols`: "h2", "h2,http/1.1", "http/1.1" (what it agrees to), or "clear".
    Http2Origin(const std::string& host, const std::string& address, const std::string& protocols = "h2,http/1.1");

    Process& process() { return process_; }
    // One line for each request so far: connection, version, method, target, authority, who (token, other, unknown, none),
    // authorization (yes, no), fields, protocol.
    std::vector<LogLine> requests() const;
    std::set<std::string> targets() const;
    // How many were opened.
    std::size_t connections() const;

private:
    std::vector<LogLine> log() const;

    std::string log_;
    Process process_;
};

}  // namespace sallyport::integration
