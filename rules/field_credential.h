// Credentials that are one header field: `header`, `bearer` (RFC 6750), `basic` (RFC 7617) and `cookie` (RFC 6265).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "rules/credential_kind.h"
#include "rules/credential_reading.h"

namespace sallyport::rules {

// The readers of the kinds; see rules/credential_reading.h.
std::shared_ptr<const CredentialKind> read_header_credential(CredentialReading& reading);
std::shared_ptr<const CredentialKind> read_bearer_credential(CredentialReading& reading);
std::shared_ptr<const CredentialKind> read_basic_credential(CredentialReading& reading);
std::shared_ptr<const CredentialKind> read_cookie_credential(CredentialReading& reading);

// The name of a field, and none that frames or routes a message: with a credential in that it would be another request.
bool may_carry_credential(std::string_view field);

// "Authorization: Bearer SECRET", for kinds whose secret is a token that somebody fetches. `type` as in the file; views of
// static text only.
std::shared_ptr<const CredentialKind> make_bearer_kind(std::string_view type, const std::string& secret_name);
// "Authorization: Basic base64(username:SECRET)"; `username` holds no ':'.
std::shared_ptr<const CredentialKind> make_basic_kind(std::string_view type, const std::string& username,
                                                      const std::string& secret_name);

}  // namespace sallyport::rules
