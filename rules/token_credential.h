// Credentials that are a token which is fetched for them: `oauth2`, `github_app`, `gcp_service_account`, `azure_client`. Their keys
// are those of the secret store of the same name, and `form` says how the token is sent. Each brings a source of its own
// ("credential:NAME"), which is kept fresh in the background, and is then a bearer or Basic credential over it.
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

// The reader of all four.
std::shared_ptr<const CredentialKind> read_token_credential(CredentialReading& reading);

}  // namespace sallyport::rules
