// HashiCorp Vault or OpenBao: one field of one secret, from a KV engine of version 1 or 2 or of an engine that makes
// credentials with a lease. Logs in by itself, keeps its login and its lease alive, and logs in again.
// https://developer.hashicorp.com/vault/api-docs
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"
#include "secrets/vault_login.h"

namespace sallyport::secrets {

struct VaultConfig {
    VaultServer server;
    VaultLogin login;
    TemplateText path;  // as in the API, after "/v1/": "kv/data/agents/db" (version 2), "kv/agents/db" (1), "aws/creds/agent"
    std::string field;
};

// A secret with a lease may be used until that ends; one without, and its token, is asked for again after the source's
// `refresh`, which must come round twice in the life of a token that was given to us. 403 and 404 are `denied`.
class VaultProvider final : public SecretProvider {
public:
    explicit VaultProvider(VaultConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "vault"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    VaultConfig config_;
};

}  // namespace sallyport::secrets
