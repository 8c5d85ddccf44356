// The hosts of a rule: a name, or a name behind wildcard labels. '*' is exactly one label, "**" one or more; both stand
// for whole leading labels only, so that "*.example.com" is neither "example.com" nor "notexample.com". Either one
// alone is any name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::rules {

struct HostPattern {
    std::string suffix;         // canonical; empty for any name
    std::size_t wildcards = 0;  // labels before it: exactly so many, or
    bool is_open = false;       // so many or more

    bool is_any() const { return suffix.empty(); }
    bool has_wildcard() const { return wildcards != 0; }

    friend auto operator<=>(const HostPattern&, const HostPattern&) = default;
};

// config_invalid, with the reason in words.
Result<HostPattern> parse_host_pattern(std::string_view text);
// As a rule would write it.
std::string to_string(const HostPattern& pattern);

// `host` is a canonical name. Allocates nothing.
bool matches(const HostPattern& pattern, std::string_view host);

std::size_t count_labels(std::string_view name);

}  // namespace sallyport::rules
