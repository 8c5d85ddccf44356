// What a rule with a credential may not say: nothing that could send the secret to a host of somebody else's, or in the
// clear without saying so.
#pragma once

#include "rules/document.h"
#include "rules/rule.h"

namespace sallyport::rules {

// `node` is the rule as written, `rule` as read so far; it does not deny. Reports what is refused; a rule without
// `scheme` becomes https only, unless it allows cleartext or sends the request elsewhere: then that destination's
// scheme counts.
void restrict_to_credential(const Node& node, Rule& rule, Reporter& reporter);

}  // namespace sallyport::rules
