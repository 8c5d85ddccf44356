// One field of an item from a 1Password Connect server.
// https://developer.1password.com/docs/connect/api-reference
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct OnePasswordConfig {
    Endpoint server;
    TemplateText token;  // the Connect server's access token
    TemplateText vault;  // its id or name
    TemplateText item;   // its id or title
    std::string field;   // its label or id: "password"
};

// Names are looked up once, ids are then remembered. 401, 403, 404, and a name that no longer leads anywhere, are `denied`;
// a name that several have, and a label that several fields have, is secret_unavailable.
class OnePasswordProvider final : public SecretProvider {
public:
    explicit OnePasswordProvider(OnePasswordConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "onepassword"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    OnePasswordConfig config_;
};

}  // namespace sallyport::secrets
