// What the admin API has set for one sandbox, before its policy's own rules: rules, handlers attached to hosts, and a
// catch-all handler. Immutable.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/actions.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

struct RuntimeRules {
    // Rules only (no default, no script); null for none. Its labels are "runtime[3]" where a rule has no name.
    std::shared_ptr<const CompiledPolicy> own;
    std::map<std::string, HandlerRef, std::less<>> host_handlers;  // by canonical name; no wildcards
    std::optional<HandlerRef> catch_all;
};

struct ParsedRules {
    std::shared_ptr<const CompiledPolicy> rules;  // null where any diagnostic is an error
    std::vector<Diagnostic> diagnostics;
};

// A JSON (or YAML) list of rules in the form of a policy's `rules`, checked against the credentials of `file`. `name` is
// what the diagnostics call it.
ParsedRules parse_runtime_rules(std::string_view text, std::string_view name, const PolicyFile& file);

}  // namespace sallyport::rules
