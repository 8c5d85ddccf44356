// Reads the values of a mapping strictly: the wrong kind of value is reported at its place and yields nothing, so that
// a reader goes on and shows all of a file's faults at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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

// Reports a key that is not the name of something.
std::string describe_name_fault(std::string_view name);
bool expect_name(const Entry& entry, Reporter& reporter);

// A string that is not empty and holds no control characters. Plain numbers and booleans are their text.
std::optional<std::string_view> read_text(const Node& node, std::string_view key, Reporter& reporter);
// true or false, written so.
std::optional<bool> read_flag(const Node& node, std::string_view key, Reporter& reporter);
// A whole number without quotes.
std::optional<std::uint64_t> read_number(const Node& node, std::string_view key, std::uint64_t least,
                                         std::uint64_t most, Reporter& reporter);
std::optional<std::uint16_t> read_port(const Node& node, std::string_view key, Reporter& reporter);

// Any text, line ends too, of at most 64 KiB: the body of an answer.
std::optional<std::string_view> read_body(const Node& node, std::string_view key, Reporter& reporter);
// What a header field may hold.
std::optional<std::string_view> read_field_value(const Node& node, std::string_view key, Reporter& reporter);
std::optional<std::uint64_t> read_bytes(const Node& node, std::string_view key, Reporter& reporter);
std::optional<std::chrono::milliseconds> read_duration(const Node& node, std::string_view key, Reporter& reporter);

enum class ListForm { list_only, one_or_list };
// The items of a list, which is not empty; or the value itself. Empty where it was reported.
std::vector<const Node*> read_list(const Node& node, std::string_view key, ListForm form, Reporter& reporter);
// Calls `take(item, text)` for each of the items that is a text.
template <class Take>
void each_text(const Node& node, std::string_view key, ListForm form, Reporter& reporter, Take take) {
    for (const Node* item : read_list(node, key, form, reporter)) {
        if (const auto text = read_text(*item, key, reporter)) take(*item, *text);
    }
}

}  // namespace sallyport::rules
