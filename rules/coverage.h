// Whether anything ever gets as far as a rule, or the rules around it take it all: those before it, and every deny. For
// the check of files; what handlers may take before the rules do is not looked at.
#pragma once

#include <memory>
#include <vector>

#include "rules/compiled_policy.h"
#include "rules/request_search.h"
#include "rules/sample_hosts.h"

namespace sallyport::rules {

struct Covered {
    Search outcome = Search::found;  // none: nothing ever gets to the rule
    // Where none: rules that are enough for that, in the list's order.
    std::vector<const Rule*> by;
};

// Where requests that a rule allows may go, at this host.
std::vector<Origin> origins_of(const Rule& rule, const std::string& host, bool is_address);

class Coverage final {
public:
    // The policy outlives it, complete and indexed.
    explicit Coverage(const CompiledPolicy& policy) : policy_(policy) {}

    // Of an allow.
    Covered of(std::uint32_t index, Budget& budget) const;
    // A host that the pattern matches and, if possible, no narrower pattern does.
    std::string sample(const HostPattern& pattern) const;

private:
    using Rules = std::vector<const Rule*>;

    // `only`: no other rules count; null for all.
    Covered find_cover(const Rule& rule, const Rules* only, Budget& budget) const;
    Search search_at(const Rule& rule, const Origin& origin, const Rules* only, Budget& budget, Rules& by) const;
    Search search_connection(const Rule& rule, const Origin& origin, const Rules* only, Rules& by) const;
    Rules around(const Rule& rule, const Origin& origin, const Rules* only) const;
    const SampleHosts& hosts() const;

    const CompiledPolicy& policy_;
    mutable std::unique_ptr<SampleHosts> hosts_;  // made when a wildcard asks for it
};

}  // namespace sallyport::rules
