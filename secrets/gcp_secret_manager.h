// One version of one secret, or one field of it, from Google Cloud's Secret Manager.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct GcpSecretManagerConfig {
    Endpoint endpoint{"https://secretmanager.googleapis.com", {}, false};
    TemplateText project;
    TemplateText secret;
    TemplateText version;  // "latest", "3"
    std::string field;     // of a secret that is a JSON object; empty: all of it
    TemplateText token;    // an access token; most often a secret that a service account's token is the value of
};

// 403 and 404, and a version that is disabled or destroyed, are `denied`. The value's checksum is verified.
class GcpSecretManagerProvider final : public SecretProvider {
public:
    explicit GcpSecretManagerProvider(GcpSecretManagerConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "gcp"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    Result<std::string> path(const FetchContext& context) const;
    Result<Fetched> take(const HttpRequest& request, const HttpReply& reply) const;

    GcpSecretManagerConfig config_;
};

}  // namespace sallyport::secrets
