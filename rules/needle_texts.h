// Collects what must not come back to a sandbox, for NeedleSet::compile(). The views point into the actions that were
// asked and live as long as those.
#pragma once

#include <string_view>
#include <vector>

namespace sallyport::rules {

struct NeedleTexts {
    std::vector<std::string_view> secrets;   // values as they are
    std::vector<std::string_view> rendered;  // whole field values, query values and the like, as they are sent
};

}  // namespace sallyport::rules
