// Credentials with their secrets filled in, and those that several sandboxes have in common: a secret takes a locked
// page of its own, and most sandboxes of a policy have the same. Used by whoever makes the snapshots of one generation,
// on one thread.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secret_string.h"
#include "rules/credential.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

struct CompiledPolicy;

// Immutable; shared by snapshots.
struct RenderedCredential {
    const CredentialSpec* spec;  // in a policy that the snapshot holds
    Result<std::unique_ptr<const CredentialAction>> action;
    // What it was made of, where it does not depend on who the sandbox is.
    std::vector<std::shared_ptr<const SecretString>> parts;
};

std::shared_ptr<const RenderedCredential> render_credential(const CredentialSpec& spec, const RenderContext& context);

class SharedCredentials final {
public:
    // The one that an earlier call has made of the very same secrets, or a new one. `spec` is one of `policy`.
    std::shared_ptr<const RenderedCredential> get(const std::shared_ptr<const CompiledPolicy>& policy,
                                                  const CredentialSpec& spec, const RenderContext& context);

private:
    struct Known {
        std::shared_ptr<const CompiledPolicy> policy;  // keeps the spec, and so the key, alive
        std::shared_ptr<const RenderedCredential> credential;
    };
    std::unordered_map<const CredentialSpec*, Known> known_;
};

}  // namespace sallyport::rules
