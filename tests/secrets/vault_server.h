// A Vault server as far as its API goes here: tokens with policies and lives, logins, a KV engine of each version, one engine
// that makes credentials with leases.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "desk.h"

namespace sallyport::secrets {

class VaultServerFake {
public:
    explicit VaultServerFake(Desk& desk) : desk_(desk) {}

    Result<HttpReply> answer(const HttpRequest& request) {
        EXPECT_EQ(field_of(request, "X-Vault-Request"), "true");
        if (is_down) return failure(ErrorCode::secret_unavailable, "vault.internal: timed out");
        if (is_sealed) return reply(503, R"({"errors":["Vault is sealed"]})");
        const std::string path = request.url.substr(address.size());
        if (field_of(request, "X-Vault-Namespace") != vault_namespace) return reply(404, R"({"errors":[]})");
        const auto body = request.body.empty() ? nlohmann::json::object() : nlohmann::json::parse(request.body);
        if (request.method == "POST" && path.ends_with("/login")) return log_in(path, body);
        const auto token = tokens.find(field_of(request, "X-Vault-Token"));
        const bool is_live = token != tokens.end() && (token->second.end == 0 || now() < token->second.end);
        if (!is_live) return reply(403, R"({"errors":["permission denied"]})");
        return with_token(request.method + ' ' + path, body, token->second);
    }

    struct Token {
        long end = 0;  // 0: never
        bool is_renewable = false;
        bool may_look_up = true;
    };

    std::string address = "https://vault.internal:8200";
    std::string vault_namespace;
    bool is_down = false;
    bool is_sealed = false;
    std::map<std::string, Token> tokens;
    std::set<std::string> forbidden;  // paths
    std::map<std::string, std::string> answers{
        {"kv/data/agents/db", R"({"lease_id":"","data":{"data":{"password":"mArKeR-2","port":5432},"metadata":{"version":3}}})"},
        {"kv/agents/db", R"({"lease_id":"","lease_duration":2764800,"data":{"password":"mArKeR-1","data":"plain"}})"}};
    long login_life = 3600;
    long lease_life = 600;
    long renewed_life = 600;
    bool lease_is_renewable = true;
    int logins = 0;
    int leases = 0;
    int renewals = 0;
    int token_renewals = 0;

private:
    long now() const { return std::chrono::duration_cast<std::chrono::seconds>(desk_.now.time_since_epoch()).count(); }

    HttpReply log_in(const std::string& path, const nlohmann::json& body) {
        const bool is_approle = path == "/v1/auth/approle/login" && body.value("role_id", "") == "role-1" && body.value("secret_id", "") == "mArKeR-sid";
        const bool is_pod = path == "/v1/auth/k8s/login" && body.value("role", "") == "agent" && body.value("jwt", "") == "mArKeR.jwt";
        if (!is_approle && !is_pod) return reply(400, R"({"errors":["invalid role or secret ID"]})");
        const std::string token = "hvs.mArKeR-" + std::to_string(++logins);
        tokens[token] = {login_life == 0 ? 0 : now() + login_life, true};
        return reply(200, nlohmann::json{{"auth", {{"client_token", token}, {"lease_duration", login_life}, {"renewable", true}}}}.dump());
    }

    HttpReply with_token(const std::string& call, const nlohmann::json& body, Token& token) {
        if (call == "GET /v1/auth/token/lookup-self") return look_up(token);
        if (call == "POST /v1/auth/token/renew-self") return renew(token);
        if (call == "PUT /v1/sys/leases/renew") return renew_lease(body.at("lease_id").get<std::string>());
        const std::string path = call.starts_with("GET /v1/") ? call.substr(8) : "";
        if (forbidden.contains(path)) return reply(403, R"({"errors":["permission denied"]})");
        if (path == "aws/creds/agent") return lease();
        const auto found = answers.find(path);
        return found == answers.end() ? reply(404, R"({"errors":[]})") : reply(200, found->second);
    }

    HttpReply look_up(const Token& token) const {
        if (!token.may_look_up) return reply(403, R"({"errors":["permission denied"]})");
        const long ttl = token.end == 0 ? 0 : token.end - now();
        return reply(200, nlohmann::json{{"data", {{"ttl", ttl}, {"renewable", token.is_renewable}}}}.dump());
    }

    HttpReply renew(Token& token) {
        if (!token.is_renewable) return reply(400, "{}");
        ++token_renewals;
        token.end = now() + login_life;
        return reply(200, nlohmann::json{{"auth", {{"lease_duration", login_life}, {"renewable", true}}}}.dump());
    }

    HttpReply lease() {
        const std::string n = std::to_string(++leases);
        return reply(200, nlohmann::json{{"lease_id", "aws/creds/agent/" + n},
                                         {"lease_duration", lease_life},
                                         {"renewable", lease_is_renewable},
                                         {"data", {{"access_key", "mArKeR-dyn-" + n}}}}
                              .dump());
    }

    HttpReply renew_lease(const std::string& id) {
        if (id != "aws/creds/agent/" + std::to_string(leases)) return reply(400, R"({"errors":["lease not found"]})");
        ++renewals;
        return reply(200, nlohmann::json{{"lease_id", id}, {"lease_duration", renewed_life}, {"renewable", true}}.dump());
    }

    Desk& desk_;
};

}  // namespace sallyport::secrets
