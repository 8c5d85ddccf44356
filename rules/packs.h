// The packs that rules may `use`: for each provider, the hosts, methods and paths that its clients need, and what is
// denied wherever one of its credentials is used. The data is rules/packs.yaml, part of the program. Immutable.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/document.h"

namespace sallyport::rules {

// What a rule that uses a pack may say in place of a reference such as ${repos}.
enum class PackForm {
    labels,      // of a host's name: "my-bucket", "eu-west-1"
    host,        // a whole name
    segment,     // of a path, perhaps with '*'
    owner_name,  // two of them: "acme/app", "acme/*"
    path,        // one or more of them
};

struct PackKey {
    PackForm form = PackForm::segment;
    bool required = false;
    std::vector<std::string> otherwise;  // where the rule does not say; empty: what refers to the key is left out
    std::vector<std::string> every;      // those that denials are about, whatever the rule says; empty: as the rule
};

// Keys as a rule of a policy has them, in whose texts ${key} refers to the pack's keys.
struct PackRule {
    std::string name;
    Node conditions;  // a mapping: host, methods, paths, query, headers
    Node narrowed;    // a list, in place of `paths` where the rule says a key that it refers to; null for none
    bool optional = false;   // only where the rule asks for it by `parts`
    bool anonymous = false;  // gets no credential
    bool shared = false;     // there whatever the rule narrows the pack to
    // Of a denial: not for the sake of credentials of this type, which let nothing of an answer's token in.
    std::string except;
};

struct Pack {
    std::string name;
    std::map<std::string, PackKey, std::less<>> keys;
    std::vector<PackRule> allow;
    std::vector<PackRule> deny;
};

using Packs = std::map<std::string, Pack, std::less<>>;

// Read on first use. Safe from any thread.
const Packs& shipped_packs();
// From such a text; a fault in it is a bug of ours.
Packs read_packs(std::string_view text);

// packs.yaml as it was when the program was built.
std::string_view packs_text();

}  // namespace sallyport::rules
