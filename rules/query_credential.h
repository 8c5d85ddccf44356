// `query`: a secret as the value of a query key.
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

std::shared_ptr<const CredentialKind> read_query_credential(CredentialReading& reading);

}  // namespace sallyport::rules
