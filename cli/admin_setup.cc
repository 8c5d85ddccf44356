#include "cli/admin_setup.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/config.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kPemBytesMax = 256 * 1024;

std::string without_line_end(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

Result<void> add_callers(const rules::AdminSpec& spec, admin::ServerOptions& options) {
    // Whoever could end the daemon may steer it.
    for (const std::uint32_t uid : {0u, static_cast<std::uint32_t>(geteuid())}) {
        options.uids.push_back({uid, {"uid " + std::to_string(uid), {}}});
    }
    for (const rules::AdminCaller& each : spec.callers) {
        const admin::Caller caller{each.name, each.sandboxes};
        if (each.uid) options.uids.push_back({*each.uid, caller});
        if (!each.certificate.empty()) options.certificates.push_back({each.certificate, caller});
        if (each.token_file.empty()) continue;
        auto token = read_text_file(each.token_file, kPemBytesMax);
        if (!token) return failure(token.error());
        options.tokens.push_back({SecretString(without_line_end(std::move(*token))), caller});
    }
    return {};
}

Result<void> add_tcp(const rules::AdminSpec& spec, admin::ServerOptions& options) {
    auto listener = admin::listen_tcp(spec.listen);
    if (!listener) return failure(listener.error());
    options.tcp_listener = std::move(*listener);
    if (spec.certificate_file.empty()) return {};  // the server says where that may be
    auto certificate = read_text_file(spec.certificate_file, kPemBytesMax);
    auto key = read_text_file(spec.key_file, kPemBytesMax);
    if (!certificate || !key) return failure(certificate ? key.error() : certificate.error());
    options.certificate_pem = std::move(*certificate);
    options.key_pem = SecretString(*key);
    if (spec.client_ca_file.empty()) return {};
    auto client_ca = read_text_file(spec.client_ca_file, kPemBytesMax);
    if (!client_ca) return failure(client_ca.error());
    options.client_ca_pem = std::move(*client_ca);
    return {};
}

}  // namespace

Result<admin::ServerOptions> admin_server_options(const rules::AdminSpec& spec, const std::string& socket_path) {
    admin::ServerOptions options;
    if (auto added = add_callers(spec, options); !added) return failure(added.error());
    if (!socket_path.empty()) {
        const bool for_others = std::any_of(spec.callers.begin(), spec.callers.end(),
                                            [](const rules::AdminCaller& caller) { return caller.uid.has_value(); });
        auto listener = admin::listen_unix(socket_path, for_others);
        if (!listener) return failure(listener.error());
        options.unix_listener = std::move(*listener);
    }
    if (spec.listen.empty()) return options;
    if (auto added = add_tcp(spec, options); !added) return failure(added.error());
    return options;
}

Result<std::unique_ptr<AdminPlane>> AdminPlane::create(Gate& gate, const std::string& runtime_dir) {
    const rules::AdminSpec& spec = gate.deployment().disk_file()->admin;
    std::unique_ptr<AdminPlane> plane(new AdminPlane);
    plane->gate_ = &gate;
    plane->socket_path_ = spec.socket == "none" ? "" : spec.socket.empty() ? runtime_dir + "/admin.sock" : spec.socket;
    auto options = admin_server_options(spec, plane->socket_path_);
    if (!options) return failure(options.error());
    plane->api_ = std::make_unique<AdminApi>(gate, [raw = plane.get()](const admin::Event& event) {
        if (raw->server_) raw->server_->publish(event);
    });
    auto server = admin::Server::create(gate.control(), *plane->api_, std::move(*options));
    if (!server) return failure(server.error());
    plane->server_ = std::move(*server);
    plane->server_->on_subscribers([&gate](bool any) { gate.tap_access_log(any); });
    gate.on_access_lines = [raw = plane.get()](std::string_view lines) { raw->publish_requests(lines); };
    return plane;
}

AdminPlane::~AdminPlane() {
    gate_->on_access_lines = nullptr;
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

void AdminPlane::publish_requests(std::string_view lines) {
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        const auto json = nlohmann::json::parse(line, nullptr, false);
        const auto sandbox = json.is_object() ? json.find("sandbox") : json.end();
        if (sandbox == json.end() || !sandbox->is_string()) continue;
        server_->publish({"request", sandbox->get<std::string>(), std::string(line)});
    }
}

}  // namespace sallyport::cli
