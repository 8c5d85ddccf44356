// A Google Cloud service account's access token for scopes, or its ID token for an audience, from the account's key.
// https://developers.google.com/identity/protocols/oauth2/service-account
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

inline constexpr std::string_view kGcpTokenUrl = "https://oauth2.googleapis.com/token";

struct GcpServiceAccountConfig {
    // The "token_uri" that stands in the key's own file is not used: where tokens are asked for is the policy file's to say.
    Endpoint token_endpoint{std::string(kGcpTokenUrl), {}, false};
    TemplateText key;       // the JSON file that Google gives out, as it is
    TemplateText scope;     // separated by spaces; an access token
    TemplateText audience;  // instead: an ID token
    TemplateText subject;   // whom it acts for (domain-wide delegation); empty: itself
};

class GcpServiceAccountProvider final : public SecretProvider {
public:
    explicit GcpServiceAccountProvider(GcpServiceAccountConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "gcp_service_account"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    Result<SecretString> assertion(FetchContext& context) const;
    Result<SecretString> sign(const JsonValue& key, FetchContext& context) const;

    GcpServiceAccountConfig config_;
};

}  // namespace sallyport::secrets
