// The admin API's server as the deployment's file wants it: listeners, certificates, who may call.
#pragma once

#include <memory>
#include <string>

#include "admin/server.h"
#include "cli/admin_api.h"
#include "cli/gate.h"

namespace sallyport::cli {

// The server with the calls that it serves.
class AdminPlane final {
public:
    // Opens the listeners and reads the keys: before the process is confined. Serves on the gate's control loop.
    static Result<std::unique_ptr<AdminPlane>> create(Gate& gate, const std::string& runtime_dir);
    ~AdminPlane();

private:
    AdminPlane() = default;
    // A line of the access log, as an event of its sandbox.
    void publish_requests(std::string_view lines);

    std::unique_ptr<AdminApi> api_;
    std::unique_ptr<admin::Server> server_;
    Gate* gate_ = nullptr;
    std::string socket_path_;  // removed at the end
};

Result<admin::ServerOptions> admin_server_options(const rules::AdminSpec& spec, const std::string& socket_path);

}  // namespace sallyport::cli
