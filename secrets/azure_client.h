// An access token of Microsoft Entra ID for an application, which shows who it is by a client secret or a certificate.
// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct AzureClientConfig {
    Endpoint authority{"https://login.microsoftonline.com", {}, false};
    TemplateText tenant;       // its id or domain
    TemplateText client_id;
    TemplateText scope;        // "https://vault.azure.net/.default"
    TemplateText client_secret;
    TemplateText certificate;  // instead: PEM, the certificate and its private key (RSA) in one
};

class AzureClientProvider final : public SecretProvider {
public:
    explicit AzureClientProvider(AzureClientConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "azure_client"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    Result<void> add_proof(Buffer& form, const SecretString& client_id, const std::string& audience,
                           FetchContext& context) const;
    Result<SecretString> assertion(const SecretString& client_id, const std::string& audience,
                                   FetchContext& context) const;

    AzureClientConfig config_;
};

}  // namespace sallyport::secrets
