// What changes between two versions of a deployment's file: the rules, credentials and secrets that differ, and for
// what changes in effect, a request that is decided otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/explain.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

struct PolicyChange {
    std::string where;  // "policy coding-agent, rule read-acme", "credential github", "sandbox agent-47"
    std::string what;   // "added", "removed", "methods: GET, HEAD → GET"
    // A request that the two decide differently, and how; empty where none was found.
    std::optional<Question> example;
    std::string before;  // "allowed by read-acme with credential github"
    std::string after;
};

std::vector<PolicyChange> diff(const PolicyFile& before, const PolicyFile& after);
std::string to_text(const std::vector<PolicyChange>& changes);
std::string to_json(const std::vector<PolicyChange>& changes);

}  // namespace sallyport::rules
