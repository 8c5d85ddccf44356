// What is denied wherever a credential of a provider is used: requests that would make a new credential of it, hand access
// to somebody else, or have the provider send things on. A deny wins wherever it stands, so a list of rules gets them at its
// end; and only those for hosts to which it sends a credential, by a rule without `allow_minting: true`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/credential.h"
#include "rules/pack_template.h"
#include "rules/packs.h"
#include "rules/rule.h"

namespace sallyport::rules {

// What packs deny, by host.
class MintingDenials final {
public:
    struct Denial {
        std::string name;      // PACK/deny-…
        const PackRule* rule;  // the pack's
        HostPattern host;
    };

    // A pack at hosts of the values. Of shipped_packs(), or one that outlives this.
    void add(const Pack& pack, const PackValues& values);
    // Calls `visit(denial)` for each that is about a name that the pattern matches, and perhaps for others.
    void find(const HostPattern& pattern, const std::function<void(const Denial&)>& visit) const;

private:
    using Spots = std::unordered_map<std::string, std::vector<std::size_t>>;  // in denials_

    void add_denial(Denial denial);

    std::vector<Denial> denials_;
    Spots by_name_;  // by the host, of a wildcard the part after it
    Spots above_;    // by what the host is below
};

// Those of every shipped pack, at the hosts that go without saying.
const MintingDenials& shipped_denials();

// What a list of rules gets at its end, as a policy might have written it, each at the place of the first rule for whose sake
// it is there. `credentials`: what rules refer to. `own`: of packs that it uses at hosts of its own.
std::vector<Node> denials_for(const std::vector<Rule>& rules, const std::vector<CredentialSpec>& credentials,
                              const MintingDenials& own);

}  // namespace sallyport::rules
