// Reads an entry of a policy's `rules` that uses a pack, `{ use: github, credential: gh, repos: [acme/app] }`, and makes
// the rules of it that it stands for: the pack's, narrowed. Pure.
#pragma once

#include <vector>

#include "rules/document.h"
#include "rules/pack_template.h"
#include "rules/packs.h"

namespace sallyport::rules {

struct UsedPack {
    const Pack* pack = nullptr;  // of shipped_packs(); null where there is none of that name
    PackValues values;           // of the pack's keys, those that go without saying too
    // As a policy might have written them, at the place of the entry. Named NAME/PART.
    std::vector<Node> rules;
};

bool uses_pack(const Node& rule);

// Reports every fault of what is the entry's own; values that rules have as well are left to their reader.
UsedPack read_used_pack(const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
