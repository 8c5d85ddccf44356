// Fills in the references of a pack's rule: ${repos}, where a rule that uses the pack says `repos: [acme/app, acme/lib]`,
// makes two texts of one. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/document.h"

namespace sallyport::rules {

using PackValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// The keys that a text, or any text of a value, refers to.
std::vector<std::string> references_in(const Node& node);

// A scalar, or a list of scalars, as a list with every combination of the values of the keys that a text refers to, in
// order and each once. Keys without values yield nothing.
Node fill_in(const Node& texts, const PackValues& values, Place place);

}  // namespace sallyport::rules
