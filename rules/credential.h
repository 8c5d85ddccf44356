// How a secret becomes a header field. The spec is configuration, read at load; the rendered field exists per sandbox
// and generation.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/secrets.h"
#include "secrets/template_text.h"

namespace sallyport::rules {

enum class CredentialType { header, bearer, basic };

struct CredentialSpec {
    std::string name;
    CredentialType type = CredentialType::header;
    std::string header_name;         // "Authorization" for bearer and basic
    secrets::TemplateText username;  // basic only
    secrets::TemplateText value;     // basic: the password; bearer: "Bearer ${secrets.NAME}"
};

// The field's value. secret_unavailable where a secret or parameter is missing, or where the result is not a field
// value (empty, control characters, ':' in a user name). The detail never holds a value.
Result<SecretString> render(const CredentialSpec& spec, const secrets::Identity& identity,
                            const secrets::SecretSnapshot& secrets);

}  // namespace sallyport::rules
