#include "secrets/vault_login.h"

#include <cstdlib>

#include "secrets/endpoint_check.h"
#include "secrets/expiry.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/value_check.h"

namespace sallyport::secrets {
namespace {

std::string or_variable(const std::string& value, const char* name) {
    if (!value.empty()) return value;
    const char* found = std::getenv(name);
    return found == nullptr ? "" : found;
}

// 0: it does not end. Nothing where it is not a time.
std::optional<std::chrono::seconds> life_of(const std::optional<JsonValue>& value) {
    const auto seconds = value ? value->whole_number() : std::nullopt;
    if (!seconds || *seconds < 0 || *seconds > kSecondsMax) return std::nullopt;
    return std::chrono::seconds(*seconds);
}

bool is_true(const std::optional<JsonValue>& value) { return value && value->flag().value_or(false); }

}  // namespace

Result<Endpoint> VaultSession::endpoint() const {
    Endpoint endpoint = server_.endpoint;
    endpoint.url = or_variable(endpoint.url, "VAULT_ADDR");
    endpoint.ca_file = or_variable(endpoint.ca_file, "VAULT_CACERT");
    if (endpoint.url.empty()) {
        return failure(ErrorCode::secret_unavailable, "neither \"address\" nor VAULT_ADDR says where the server is");
    }
    const auto cleartext = endpoint.allow_cleartext ? Cleartext::this_host_only : Cleartext::refused;
    if (const auto fault = url_fault(endpoint.url, cleartext); !fault.empty()) {
        return failure(ErrorCode::secret_unavailable, "VAULT_ADDR: " + fault);
    }
    return endpoint;
}

Result<HttpRequest> VaultSession::request(std::string_view method, std::string_view path) const {
    const auto server = endpoint();
    if (!server) return failure(server.error());
    HttpRequest request = request_to(*server, method, path);
    // Without it an agent between us and the server may refuse the request.
    request.fields.emplace_back("X-Vault-Request", "true");
    const std::string name = or_variable(server_.vault_namespace, "VAULT_NAMESPACE");
    if (const auto added = name.empty() ? Result<void>() : add_field(request, "X-Vault-Namespace", name); !added) {
        return failure(added.error());
    }
    return request;
}

Result<void> VaultSession::prepare(FetchContext& context) {
    is_fresh_ = false;
    if (!token_.empty() && end_ && context.now >= *end_) token_ = {};
    if (token_.empty()) return log_in(context);
    if (renew_at_ && context.now >= *renew_at_) renew(context);
    return {};
}

bool VaultSession::drop_token() {
    token_ = {};
    return !is_fresh_;
}

Result<HttpReply> VaultSession::send(FetchContext& context, std::string_view method, std::string_view path,
                                     std::string_view json) {
    auto request = this->request(method, path);
    if (!request) return failure(request.error());
    if (const auto added = add_field(*request, "X-Vault-Token", token_.reveal()); !added) return failure(added.error());
    if (!json.empty()) set_json(*request, json);
    return context.http.send(*request);
}

Result<void> VaultSession::log_in(FetchContext& context) {
    if (const auto server = endpoint(); !server) return failure(server.error());
    if (login_.method == VaultMethod::token) return take_given_token(context);
    auto request = this->request("POST", "/v1/auth/" + login_.mount + "/login");
    if (!request) return failure(request.error());
    const auto body = login_body(context);
    if (!body) return failure(body.error());
    set_json(*request, body->view());
    const auto reply = context.http.send(*request);
    if (!reply) return failure(reply.error());
    // 400 is what a wrong role or secret id is told.
    if (reply->status == 400 || reply->status == 403) {
        return failure(ErrorCode::denied, answered(*request, *reply) + " to the login");
    }
    if (!is_success(*reply)) {
        return failure(ErrorCode::secret_unavailable, answered(*request, *reply) + " to the login");
    }
    return take_auth(*request, *reply, context.now);
}

Result<WipedBuffer> VaultSession::login_body(const FetchContext& context) const {
    const auto role = fill_in_line(login_.role, context);
    if (!role) return failure(role.error());
    const bool is_approle = login_.method == VaultMethod::approle;
    const auto proof = fill_in_line(is_approle ? login_.secret_id : login_.token, context);
    if (!proof) return failure(proof.error());
    JsonObject json;
    json.field(is_approle ? "role_id" : "role", role->reveal()).field(is_approle ? "secret_id" : "jwt", proof->reveal());
    WipedBuffer body;
    body.append(json.text());
    return body;
}

Result<void> VaultSession::take_auth(const HttpRequest& request, const HttpReply& reply, WallClock::time_point now) {
    const auto json = json_object(request, reply);
    if (!json) return failure(json.error());
    const auto auth = json->member("auth");
    auto token = auth ? secret_member(*auth, "client_token")
                      : Result<SecretString>(failure(ErrorCode::secret_unavailable, "the answer to the login has no \"auth\""));
    if (!token) return failure(token.error());
    const auto life = life_of(auth->member("lease_duration"));
    if (!life) return failure(ErrorCode::secret_unavailable, "the login's \"lease_duration\" is not a time to live");
    token_ = std::move(*token);
    set_life(*life, is_true(auth->member("renewable")), now);
    is_fresh_ = true;
    ++logins_;
    return {};
}

Result<void> VaultSession::take_given_token(FetchContext& context) {
    auto token = login_.token.empty() ? check_value(or_variable({}, "VAULT_TOKEN")) : fill_in_line(login_.token, context);
    if (!token && login_.token.empty()) {
        return failure(ErrorCode::secret_unavailable, "neither \"auth\" nor VAULT_TOKEN says who we are");
    }
    if (!token) return failure(token.error());
    token_ = std::move(*token);
    end_ = renew_at_ = std::nullopt;
    is_fresh_ = true;
    ++logins_;
    look_up(context);
    return {};
}

// A policy may keep a token from looking itself up. It is used as it is then: what it may not do, it will be told.
void VaultSession::look_up(FetchContext& context) {
    const auto reply = send(context, "GET", "/v1/auth/token/lookup-self", {});
    if (!reply || !is_success(*reply)) return;
    const auto json = JsonValue::parse(reply->body);
    const auto life = json ? life_of(json->member("data", "ttl")) : std::nullopt;
    if (life) set_life(*life, is_true(json->member("data", "renewable")), context.now);
}

// Where it fails, the token is used until it ends; then comes the next login.
void VaultSession::renew(FetchContext& context) {
    const auto reply = send(context, "POST", "/v1/auth/token/renew-self", "{}");
    if (!reply || !is_success(*reply)) return;
    const auto json = JsonValue::parse(reply->body);
    const auto life = json ? life_of(json->member("auth", "lease_duration")) : std::nullopt;
    if (life) set_life(*life, is_true(json->member("auth", "renewable")), context.now);
}

void VaultSession::set_life(std::chrono::seconds life, bool is_renewable, WallClock::time_point now) {
    end_ = renew_at_ = std::nullopt;
    if (life.count() == 0) return;
    end_ = usable_until(now, life);
    if (is_renewable) renew_at_ = now + life / 2;
}

}  // namespace sallyport::secrets
