// Names that stand for all names: patterns of hosts tell apart only so many kinds of names, and here is one of each.
// Immutable once made.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/host_pattern.h"

namespace sallyport::rules {

class SampleHosts final {
public:
    // `patterns`: all that the names are to be told apart by.
    explicit SampleHosts(const std::vector<HostPattern>& patterns);

    // Calls `visit` with canonical names that `pattern` matches, until it returns false: for any name that `pattern`
    // matches, one that the same of the patterns match, and `pattern` too. Names that no other pattern is about come
    // first.
    void each(const HostPattern& pattern, const std::function<bool(const std::string&)>& visit) const;

private:
    bool each_below(const HostPattern& pattern, std::string_view suffix,
                    const std::function<bool(const std::string&)>& visit) const;
    std::string name_below(std::string_view suffix, std::size_t labels) const;

    std::set<std::string> reversed_;  // the patterns' suffixes, so that those below a name lie together
    std::size_t wildcards_max_ = 1;
    std::string label_;   // of no pattern
    std::string short_;   // such a one where room is scarce
    std::string domain_;  // such a one for the end of a name
};

}  // namespace sallyport::rules
