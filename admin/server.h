// Serves the admin API (HTTP/1.1): on a unix socket, whose peers the kernel names, and where configured over TCP with TLS
// and either client certificates or bearer tokens. Bounded in everything. Lives on the control thread's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/api.h"
#include "admin/callers.h"
#include "admin/limits.h"
#include "base/result.h"
#include "base/secret_string.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::admin {

struct ServerOptions {
    // Listening, non-blocking; either may be empty. Opened before the process was confined.
    UniqueFd unix_listener;
    UniqueFd tcp_listener;
    // For TCP: PEM texts. Without a certificate it is in the clear, on loopback only. Where client_ca_pem is set, a client certificate is required and `certificates` say who it is;
    // otherwise a bearer token is.
    std::string certificate_pem;
    SecretString key_pem;
    std::string client_ca_pem;
    std::vector<UidCaller> uids;
    std::vector<TokenCaller> tokens;
    std::vector<CertificateCaller> certificates;
    // Extra hosts that Host may name over TCP beside address literals; a browser that was rebound names another one.
    std::vector<std::string> host_names;
    Deadlines deadlines;
};

// A unix socket at `path`, mode 0600 (0666 where `for_others`: peers are checked by uid anyway); a stale one is replaced,
// one that answers is not (config_invalid).
Result<UniqueFd> listen_unix(const std::string& path, bool for_others);
// "127.0.0.1:8443", "[::1]:0"; config_invalid for what is no address and port.
Result<UniqueFd> listen_tcp(const std::string& address);

class Server final {
public:
    // `api` outlives the server. config_invalid for a certificate, key or CA that is none, and for TCP without a
    // certificate that is not on loopback, or without anybody who could be let in; tokens are of 16 bytes or more.
    static Result<std::unique_ptr<Server>> create(net::Loop& loop, Api& api, ServerOptions options);
    ~Server();

    // To the subscribers of GET /v1/events that may see it. A subscriber that does not read loses events, and is told.
    void publish(const Event& event);
    bool has_subscribers() const;
    // Called when has_subscribers() changes.
    void on_subscribers(std::function<void(bool)> changed);

private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// The OpenAPI 3.1 document of GET /openapi.json.
std::string_view openapi_document();

}  // namespace sallyport::admin
