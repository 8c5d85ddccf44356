// Whether a credential can ever be sent outside of given places: a proof over the compiled rules, or a request that
// shows the contrary. Exact: the conditions of rules are regular languages (hosts over labels, the rest over bytes),
// and the request is looked for in their intersections and complements. Bounded: what takes too many steps is
// undecided, which is not a proof. It is about credentials in requests; where handlers are run, their fetches count as
// requests, and a script that is given the credential's secret itself leaves it undecided.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/explain.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

struct ProofQuestion {
    std::string credential;
    // As rules/place_pattern.h reads them: "api.github.com/**", "*.example.com:8443/v1/*". One of them must hold. A
    // path that could be read as another one, and "*", are inside only where every path is.
    std::vector<std::string> never_outside;
    std::string policy;  // empty: every policy of the file
    // What the admin API has set for one sandbox, before the policy's rules; null for none. Only with `policy`.
    std::shared_ptr<const RuntimeRules> runtime = nullptr;
};

enum class ProofOutcome { proved, refuted, undecided };

struct Proof {
    ProofOutcome outcome = ProofOutcome::undecided;
    // Where refuted: a request that explain() confirms to be allowed with the credential, the policy under which it is,
    // and where it would be sent.
    std::string policy;
    Question counterexample;
    bool by_handler = false;  // a handler can send it; explain() confirms it with Handlers::skip
    std::string sent_to;      // "https://staging.api.internal:8443/v1/x"
    std::string rule;
    std::string why;  // where undecided
    std::size_t rules_looked_at = 0;
};

// config_invalid for a credential or policy that is not there, or a pattern that is none.
Result<Proof> prove(const PolicyFile& file, const ProofQuestion& question);

}  // namespace sallyport::rules
