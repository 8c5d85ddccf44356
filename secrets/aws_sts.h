// Temporary access keys of AWS for a role: got with other keys (AssumeRole), or with a token of an identity provider that the
// role trusts (AssumeRoleWithWebIdentity). The value is the compact JSON of secrets/aws_keys.h.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
#pragma once

#include <string>

#include "secrets/answer.h"
#include "secrets/aws_keys.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct AwsStsConfig {
    std::string region;
    Endpoint endpoint;          // url empty: https://sts.REGION.amazonaws.com
    TemplateText role_arn;
    TemplateText session_name;  // what the account's logs call it
    std::chrono::seconds duration{3600};
    TemplateText external_id;   // empty: none
    TemplateText policy;        // a session policy in JSON, which narrows the role's; empty: none
    AwsKeysConfig keys;         // AssumeRole
    TemplateText web_identity;  // instead: the identity provider's token
};

// AccessDenied, and a token that is not or no longer good, is `denied`.
class AwsStsProvider final : public SecretProvider {
public:
    explicit AwsStsProvider(AwsStsConfig config);

    std::string_view type() const override { return "aws_sts"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    bool is_web_identity() const { return !config_.web_identity.empty(); }
    Result<WipedBuffer> form(const FetchContext& context) const;
    Result<void> sign(HttpRequest& request, const FetchContext& context) const;
    Result<Fetched> take(const HttpRequest& request, const HttpReply& reply, WallClock::time_point now) const;

    AwsStsConfig config_;
};

}  // namespace sallyport::secrets
