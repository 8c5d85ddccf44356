// Which domains are shared by owners who do not trust each other: a credential for "*.github.io" would go to whoever
// registers a name there. The public suffix list (libpsl), and well-known tenants' domains that it does not hold.
#pragma once

#include <string>

#include "rules/host_pattern.h"

namespace sallyport::rules {

// True where different owners have names below the canonical name `domain`. A top-level domain that nobody has
// registered counts as one ("*.internal"): it may be on tomorrow's list.
bool is_shared_domain(const std::string& domain);

// The shared domain under which the wildcard has names: its own suffix, or one below ("**.azure.com" has those of
// "cloudapp.azure.com"). Of those below, only the well-known ones are known. Empty for none, and for a pattern without
// wildcards.
std::string find_shared_domain(const HostPattern& pattern);

}  // namespace sallyport::rules
