// The `proxy` section of a file.
#pragma once

#include "rules/document.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

// Reports every fault.
void read_proxy(const Node& node, ProxySpec& proxy, Reporter& reporter);

}  // namespace sallyport::rules
