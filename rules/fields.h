// Reads the values of a mapping strictly: the wrong kind of value is reported at its place and yields nothing, so that
// a reader goes on and shows all of a file's faults at once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rules/document.h"

namespace sallyport::rules {

// The keys that a mapping may have, and those of the full language that this version does not have: ignoring one of
// those would load a policy that means something else.
struct KeySet {
    std::span<const std::string_view> known;
    std::span<const std::string_view> unsupported = {};
};

// Reports what is not a mapping, or an empty one. `what` names the value: "rules[3]", "\"query\"".
bool expect_map(const Node& node, std::string_view what, Reporter& reporter);
// As expect_map, and reports every key that is not in `keys`.
bool expect_map(const Node& node, std::string_view what, const KeySet& keys, Reporter& reporter);

// Null where there is none.
const Node* find(const Node& map, std::string_view key);
// As find(), and reports where there is none, unless a misspelt key says it already. `what` names the mapping.
const Node* require(const Node& map, std::string_view key, std::string_view what, Reporter& reporter);

// Whether expect_map() had something to say about a key: "a key is missing" would then say less.
bool has_foreign_key(const Node& map, std::span<const std::string_view> known);

// A string that is not empty and holds no control characters. Plain numbers and booleans are their text.
std::optional<std::string_view> read_text(const Node& node, std::string_view key, Reporter& reporter);
// true or false, written so.
std::optional<bool> read_flag(const Node& node, std::string_view key, Reporter& reporter);
std::optional<std::uint16_t> read_port(const Node& node, std::string_view key, Reporter& reporter);

enum class ListForm { list_only, one_or_list };
// The items of a list, which is not empty; or the value itself. Empty where it was reported.
std::vector<const Node*> read_list(const Node& node, std::string_view key, ListForm form, Reporter& reporter);

}  // namespace sallyport::rules
