// Why a request is allowed or denied, by the very code that decides: the verdict, and for each rule before the one that
// decided, why it did not match. Pure; nothing is sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/question.h"
#include "rules/snapshot.h"

namespace sallyport::rules {

// One rule that was looked at, or one handler.
struct RuleTrace {
    std::string layer;  // "runtime" or "policy"
    std::string rule;
    std::string file;
    int line = 0;
    int column = 0;
    bool matched = false;
    std::string why;  // one sentence: "the method is POST, and the rule has GET, HEAD"
};

struct Explanation {
    bool allowed = false;
    std::string error;   // its tag; empty where allowed
    std::string reason;  // one sentence
    std::string action;  // forward, respond, handler, passthrough, tcp; empty where denied
    std::string rule;    // as in Decision
    std::string file;    // of the rule; empty for the default
    int line = 0;
    int column = 0;
    std::string credential;  // its name
    std::string handler;
    std::string upstream;  // "https://staging.api.internal:8443" where the rule rewrites it
    std::string policy;
    std::uint64_t generation = 0;
    std::vector<std::string>
        networks;                    // private ones that every address of the host must be inside of; empty: none may
    std::vector<RuleTrace> earlier;  // in the order in which they are looked at, up to and with the one that decided
    std::size_t left_out = 0;        // rules for other hosts that `earlier` does not hold, where there are very many
};

// `handlers`: skip is for what a handler itself fetches from elsewhere.
Explanation explain(const PolicySnapshot& snapshot, const AskedRequest& asked, Handlers handlers = Handlers::consult);

// "allowed by read-acme with credential github", "denied by rules[3]". A secret that is missing is said, and changes
// nothing else.
std::string outcome_of(const Explanation& explanation);
// The same without the rule: equal for two that do the same.
std::string effect_of(const Explanation& explanation);

// For people, several lines; and for programs: the body of POST /v1/explain.
std::string to_text(const Explanation& explanation);
std::string to_json(const Explanation& explanation);

}  // namespace sallyport::rules
