// Two rules with different credentials for the same requests: which one is put in is then a matter of the order of the
// list, which nobody may have meant.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "rules/coverage.h"
#include "rules/diagnostics.h"

namespace sallyport::rules {

// What two rules have in common, at the hosts of a pattern of the second one.
struct Overlap {
    bool is_certain = true;
    bool shared = false;       // requests that both match
    bool first_alone = false;  // that only the first one matches
    bool second_alone = false;
};

Overlap compare(const Rule& first, const Rule& second, const std::string& host, Budget& budget);

// Takes a policy's rules one by one, in their order.
class OverlapCheck final {
public:
    OverlapCheck(const CompiledPolicy& policy, const Coverage& coverage, Reporter& reporter)
        : policy_(policy), coverage_(coverage), reporter_(reporter) {}

    // The same requests: an error. Some of them, where neither rule is the narrower one: a warning.
    void take(std::uint32_t index);

private:
    bool reports(const Rule& rule, const HostPattern& pattern, const Rule& earlier);
    std::string credential_of(const Rule& rule) const;

    const CompiledPolicy& policy_;
    const Coverage& coverage_;
    Reporter& reporter_;
    // So that long lists load in no time: later pairs are not compared.
    std::uint32_t pairs_left_ = 10'000;
};

// "\"rules[3]\" (line 12)"
std::string place_of(const Rule& rule);

}  // namespace sallyport::rules
