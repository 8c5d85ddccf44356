// One entry of the `policies` section of a file.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "rules/compiled_policy.h"
#include "rules/document.h"

namespace sallyport::rules {

// The file's credentials, and those that some rule uses.
struct CredentialTable {
    std::set<std::string, std::less<>> names;  // also of those that have faults
    std::map<std::string, CredentialSpec, std::less<>> specs;
    std::set<std::string, std::less<>> used;
};

// Reports every fault; the policy is whole where there is none.
std::shared_ptr<const CompiledPolicy> read_policy(const std::string& name, const Node& node,
                                                  CredentialTable& credentials, Reporter& reporter);

}  // namespace sallyport::rules
