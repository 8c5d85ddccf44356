// One secret, or one field of it, from AWS Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/aws_keys.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct AwsSecretsManagerConfig {
    std::string region;
    Endpoint endpoint;      // url empty: https://secretsmanager.REGION.amazonaws.com
    AwsKeysConfig keys;
    TemplateText secret;    // its name or ARN
    std::string field;      // of a secret that is a JSON object; empty: all of it
    std::string stage;      // empty: AWSCURRENT
};

// A secret that is not there, or that the keys may not read, is `denied`.
class AwsSecretsManagerProvider final : public SecretProvider {
public:
    explicit AwsSecretsManagerProvider(AwsSecretsManagerConfig config);

    std::string_view type() const override { return "aws"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    Result<Fetched> take(const HttpRequest& request, const HttpReply& reply) const;
    Result<SecretString> value_of(const JsonValue& answer) const;

    AwsSecretsManagerConfig config_;
};

}  // namespace sallyport::secrets
