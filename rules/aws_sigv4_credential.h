// The kind `aws_sigv4`: requests that an AWS SDK signed with dummy keys are signed with real ones.
//   { type: aws_sigv4, access_key_id: "${secrets.aws_id}", secret_access_key: "${secrets.aws_key}", services: [s3],
//     regions: [eu-west-1], buckets: [photos] }
//   { type: aws_sigv4, keys: role, services: [s3], regions: [eu-west-1] }     where `role` is a secret of kind aws_sts
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

std::shared_ptr<const CredentialKind> read_aws_sigv4_credential(CredentialReading& reading);

}  // namespace sallyport::rules
