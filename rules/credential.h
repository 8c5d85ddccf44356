// One entry of the `credentials` section: what kind it is, and what the sandbox may still say for itself beside it.
// Configuration; values exist in the CredentialAction that its kind renders.
#pragma once

#include <memory>
#include <string>

#include "rules/auth_family.h"
#include "rules/credential_kind.h"

namespace sallyport::rules {

struct CredentialSpec {
    std::string name;
    std::shared_ptr<const CredentialKind> kind;
    AuthChoice family;        // `keep` and `strip`
    std::string source_json;  // the entry as it was written; may hold text that somebody pasted: not to be shown
};

// The kind's own render(), with the credential's name before the reason why not.
Result<std::unique_ptr<const CredentialAction>> render(const CredentialSpec& spec, const secrets::Identity& identity,
                                                       const secrets::SecretSnapshot& secrets,
                                                       const Placeholders* placeholders = nullptr);

}  // namespace sallyport::rules
