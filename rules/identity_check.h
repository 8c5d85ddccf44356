// What a policy's secrets and credentials refer to of a sandbox, and the sandboxes of a file that do not have it: a
// request that needs it would be denied, which is better said when the file is checked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rules/diagnostics.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

class IdentityCheck final {
public:
    explicit IdentityCheck(const PolicyFile& file) : file_(file) {}

    // A warning for each parameter and label that is missing.
    void take(const std::string& name, const SandboxEntry& sandbox, Place place, Reporter& reporter);

private:
    struct Need {
        secrets::TemplatePart part;
        std::string what;  // "secret \"tenant_pat\""
    };

    const std::vector<Need>& needs_of(const std::string& policy);
    std::vector<Need> find_needs(const CompiledPolicy& policy) const;

    const PolicyFile& file_;
    std::map<std::string, std::vector<Need>> needs_;  // by policy
};

}  // namespace sallyport::rules
