// Which parts of a rule's answers are tokens that the sandbox must not see, and where what stands for them is worth
// something. Configuration, checked at load.
//
//   tokens: true
//   tokens: { fields: [access_token, refresh_token, id_token], for: [api.example, "*.api.example"] }
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/document.h"
#include "rules/host_pattern.h"

namespace sallyport::rules {

struct TokenSwap {
    // Members of JSON objects, at any depth, or fields of a form; compared without case.
    std::vector<std::string> fields{"access_token", "refresh_token", "id_token"};
    // Beside the host that the answer came from.
    std::vector<HostPattern> hosts;
    // Not empty: nowhere but through requests of this credential, which exchanges them itself.
    std::string credential;
};

// Reads a rule's `tokens`. Null, with a report, where it is wrong.
std::shared_ptr<const TokenSwap> read_token_swap(const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
