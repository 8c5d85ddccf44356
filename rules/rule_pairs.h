// Which rule of one version of a list is which rule of the other: by name, else by what they say, else by whom they are
// about. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace sallyport::rules {

struct RulePair {
    std::optional<std::size_t> before;  // index; nothing where it was added
    std::optional<std::size_t> after;   // nothing where it was removed
    bool is_moved = false;              // past another one that is in both
};

// Two lists of rules as they were written. Those of the later list in its order, then those that were removed.
std::vector<RulePair> pair_rules(const nlohmann::ordered_json& before, const nlohmann::ordered_json& after);

// What differs between two mappings: "methods: GET, HEAD → GET; port: 8443 → not set". Empty for nothing.
std::string difference(const nlohmann::ordered_json& before, const nlohmann::ordered_json& after);

}  // namespace sallyport::rules
