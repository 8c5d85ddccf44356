// The policy of one sandbox under one generation, compiled, with its credentials rendered. Immutable: `const` calls are
// safe from any thread, and a request uses one snapshot from start to end. Pure: no sockets, no clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "http/validate.h"
#include "rules/policy_file.h"
#include "secrets/secrets.h"

namespace sallyport::rules {

struct CompiledPolicy;  // rules/compiled_policy.h
struct Rule;            // rules/rule.h

enum class Verdict { allow, deny };

// What a connection may become, asked before anything is minted or answered.
enum class Reach {
    denied,     // no request to this host and port can be allowed
    intercept,  // some may: look at each request
};

// The outcome for one request. Views point into the snapshot.
struct Decision {
    Verdict verdict = Verdict::deny;
    ErrorCode error = ErrorCode::denied;  // why, where the verdict is deny
    std::string_view rule;                // its name, or "rules[3]", or "default"
    std::string_view credential;          // its name; empty for none
    int credential_index = -1;            // for apply_credential
    // Private networks that the rule grants, as text checked at load ("10.20.0.0/16"). Where this is not empty, every
    // resolved address must be inside one of them.
    const std::vector<std::string>* granted_networks = nullptr;
    bool allow_cleartext_credential = false;
    // The rule looked at the path: send the canonical one.
    bool path_decided = false;
};

// Which policy of the file a sandbox is under, and its parameters.
struct SandboxPolicy {
    std::string policy;
    secrets::Params params;
};

class PolicySnapshot final {
public:
    Generation generation() const { return generation_; }
    std::string_view policy_name() const;

    // `host` is canonical: a name, or an address where `is_address`.
    Reach reach(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const;

    // Deny wins, then the first match, then the default. Linear in the rules for this host only.
    Decision decide(const http::CanonicalRequest& request, const http::HeaderMap& headers) const;

    // Removes the sandbox's own copies of the authentication family from `head` (fields and, in `target`, query keys)
    // and adds the credential. `target` is what will be sent. Errors: secret_unavailable; then nothing may be sent.
    // Only for decisions of this snapshot that carry a credential.
    Result<void> apply_credential(const Decision& decision, http::RequestHead& head) const;

private:
    friend Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile&, const SandboxPolicy&,
                                                                       const secrets::SecretSnapshot&, Generation);
    PolicySnapshot() = default;

    // Fills in what `rule` grants, or why its credential cannot be had.
    void allow(const Rule& rule, Decision& decision) const;

    Generation generation_;
    std::shared_ptr<const CompiledPolicy> policy_;
    struct RenderedCredential;
    std::vector<std::shared_ptr<const RenderedCredential>> credentials_;
};

// Renders every credential that the policy uses. A secret that is missing does not fail the snapshot: the requests that
// need it are denied. Fails where the policy does not exist in the file.
Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile& file, const SandboxPolicy& sandbox,
                                                            const secrets::SecretSnapshot& secrets,
                                                            Generation generation);

}  // namespace sallyport::rules
