// `placeholder`: the sandbox has a text that stands for the secret, and the secret is put in where that text stands in one
// of the declared places: for clients that want to see a key, and for services that take it in odd places.
//
//   anthropic: { type: placeholder, secret: anthropic_key, env: ANTHROPIC_API_KEY, prefix: "sk-ant-",
//                in: ["header:x-api-key", "header:authorization"], count: 4, misplaced: block }
//
// A request without it in any of them goes out without a credential. A body is looked at where `in` names a place in one
// of its kind: JSON and forms as they pass where their length stays, else as a whole (BodyUse).
#pragma once

#include <memory>
#include <optional>

#include "rules/credential.h"
#include "rules/credential_reading.h"
#include "rules/placeholders.h"

namespace sallyport::rules {

struct CompiledPolicy;  // rules/compiled_policy.h

std::shared_ptr<const CredentialKind> read_placeholder_credential(CredentialReading& reading);

// The placeholder that a sandbox has to have for a credential; nothing for those of other kinds.
std::optional<PlaceholderNeed> placeholder_need(const CredentialSpec& spec, const secrets::SecretSnapshot& secrets);

// Those that a sandbox has, and those that it needs under a policy and its runtime rules. Either may be null.
std::shared_ptr<const Placeholders> placeholders_for(const CompiledPolicy* policy, const CompiledPolicy* runtime,
                                                     const secrets::SecretSnapshot& secrets,
                                                     std::shared_ptr<const Placeholders> earlier, Random& random);

}  // namespace sallyport::rules
