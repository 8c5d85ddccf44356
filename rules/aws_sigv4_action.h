// Signs requests for AWS, and for what speaks like it, anew: the sandbox's SDK has signed them with a dummy key. Both forms
// are kept (Authorization, presigned), the date is now, and only what the credential may do is signed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/aws_claim.h"
#include "rules/credential_action.h"
#include "secrets/aws_keys.h"
#include "secrets/aws_signing_key.h"

namespace sallyport::rules {

// What SDKs in sandboxes are given as AWS_ACCESS_KEY_ID, where the file says nothing else. Not a secret: it tells requests
// that want to be signed from those that somebody has signed with a key of their own.
inline constexpr std::string_view kDummyAccessKeyId = "AKIASALLYPORT0000000";

// A presigned request is sent at once; what an origin may quote of it should not be good for days.
inline constexpr std::uint32_t kPresignedSecondsMax = 300;

struct AwsSigv4Config {
    std::vector<std::string> services;
    std::vector<std::string> regions;  // v4a: each element of the set must be one of these
    std::vector<std::string> buckets;  // S3: empty for any
    std::vector<std::string> accounts; // S3: the bucket's owner; empty for any
    std::string endpoint;              // S3: the host of a store that is not Amazon's
    std::string dummy_access_key_id{kDummyAccessKeyId};
    bool allow_v4a = false;
};

class AwsSigv4Action final : public CredentialAction {
public:
    AwsSigv4Action(AwsSigv4Config config, secrets::AwsKeySet secrets);

    BodyUse body_use(const http::RequestHead& head) const override;
    bool owns_field(std::string_view name) const override;
    bool owns_query_key(std::string_view key) const override;
    Result<void> apply(OutgoingRequest& request) const override;
    void collect(NeedleTexts& texts) const override;

private:
    struct Plan;

    Result<Plan> plan(const http::RequestHead& head) const;
    Result<void> read_payload(const http::RequestHead& head, Plan& plan) const;
    Result<void> prepare(OutgoingRequest& request, Plan& plan) const;
    Result<void> check_scope(const AwsClaim& claim) const;
    Result<void> check_bucket(const OutgoingRequest& request) const;
    Result<void> check_copy_source(const http::HeaderMap& headers) const;
    Result<void> set_owner(http::HeaderMap& headers) const;
    std::string sign_header_form(http::RequestHead& head, const Plan& plan, const secrets::AwsScope& scope) const;
    void sign_query_form(http::RequestHead& head, const Plan& plan, const secrets::AwsScope& scope) const;
    std::string sign(const http::RequestHead& head, std::string_view query, const Plan& plan,
                     const secrets::AwsScope& scope) const;
    secrets::AwsKeys keys() const;

    const AwsSigv4Config config_;
    const secrets::AwsKeySet secrets_;
    const std::unique_ptr<secrets::AwsKeyCache> cache_;
};

}  // namespace sallyport::rules
