// The way into a Vault server: its address, and a token for it that is renewed, or got anew, before it ends.
#pragma once

#include <optional>
#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

// What is left out comes from the daemon's environment, as Vault's own clients have it.
struct VaultServer {
    Endpoint endpoint;           // VAULT_ADDR, VAULT_CACERT
    std::string vault_namespace;  // VAULT_NAMESPACE
};

enum class VaultMethod { token, approle, kubernetes };

struct VaultLogin {
    VaultMethod method = VaultMethod::token;
    std::string mount;       // where the method is mounted: "approle", "kubernetes"
    TemplateText token;      // token: empty means VAULT_TOKEN; kubernetes: the service account's
    TemplateText role;       // approle: the role's id; kubernetes: its name
    TemplateText secret_id;  // approle
};

// One client's token. In one provider's state; not for several threads.
class VaultSession final {
public:
    VaultSession(VaultServer server, VaultLogin login) : server_(std::move(server)), login_(std::move(login)) {}

    // Logs in where there is no token, or the one there is has been refused or is about to end; renews it in the second
    // half of its time. `denied` where the server does not let us in.
    Result<void> prepare(FetchContext& context);
    // Sends a request with the token; prepare() has been called. `path` begins with "/v1/".
    Result<HttpReply> send(FetchContext& context, std::string_view method, std::string_view path, std::string_view json);
    // The server has refused the token. Whether another one may be got now: not where this one is from now.
    bool drop_token();
    // Grows with every login: leases end with the token that they were got by.
    int logins() const { return logins_; }

private:
    Result<Endpoint> endpoint() const;
    Result<HttpRequest> request(std::string_view method, std::string_view path) const;
    Result<void> log_in(FetchContext& context);
    Result<void> take_given_token(FetchContext& context);
    Result<void> take_auth(const HttpRequest& request, const HttpReply& reply, WallClock::time_point now);
    Result<WipedBuffer> login_body(const FetchContext& context) const;
    void look_up(FetchContext& context);
    void renew(FetchContext& context);
    void set_life(std::chrono::seconds life, bool is_renewable, WallClock::time_point now);

    const VaultServer server_;
    const VaultLogin login_;
    SecretString token_;
    std::optional<WallClock::time_point> end_;
    std::optional<WallClock::time_point> renew_at_;  // nothing: it cannot be
    bool is_fresh_ = false;
    int logins_ = 0;
};

}  // namespace sallyport::secrets
