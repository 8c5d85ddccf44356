// Which of a rule's own paths are inside the paths of a pack that it uses: it may narrow what a pack allows, never widen it.
// Exact. Pure.
#pragma once

#include <set>
#include <string>

#include "rules/document.h"

namespace sallyport::rules {

// Of `own`, a list of path patterns, those that match nothing which `pack`, another one, does not match; their texts are
// added to `found`. A pattern that is none is inside nothing.
Node paths_within(const Node& own, const Node& pack, std::set<std::string, std::less<>>& found);

}  // namespace sallyport::rules
