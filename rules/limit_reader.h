// A `limit` of a rule or a policy.
#pragma once

#include <memory>

#include "rules/actions.h"
#include "rules/document.h"

namespace sallyport::rules {

// Reports every fault; null where nothing could be read.
std::shared_ptr<const LimitSpec> read_limit(const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
