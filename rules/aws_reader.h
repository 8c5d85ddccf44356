// `aws: { region: eu-west-1, secret: prod/db, field: password, … }` (Secrets Manager) and `aws_sts: { role_arn: …, … }` (keys of
// a role) of a secret.
#pragma once

#include <memory>

#include "rules/secret_reading.h"

namespace sallyport::rules {

std::shared_ptr<const secrets::SecretProvider> read_aws(SecretReading& reading);
std::shared_ptr<const secrets::SecretProvider> read_aws_sts(SecretReading& reading);

}  // namespace sallyport::rules
