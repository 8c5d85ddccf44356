// What a rule does beside letting a request through: `respond`, `upstream` and `handler`.
#pragma once

#include <memory>

#include "rules/actions.h"
#include "rules/document.h"

namespace sallyport::rules {

// Each reports every fault, and yields null then.
std::shared_ptr<const Respond> read_respond(const Node& node, Reporter& reporter);
std::shared_ptr<const Destination> read_upstream(const Node& node, Reporter& reporter);
std::shared_ptr<const HandlerRef> read_handler(const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
