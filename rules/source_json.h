// A part of a file as JSON, as it was written: for whoever shows a policy to programs.
#pragma once

#include <string>

#include "rules/document.h"

namespace sallyport::rules {

// Compact. Scalars without quotes that are true, false, null or a whole number are those; every other one is a string.
std::string to_json(const Node& node);

}  // namespace sallyport::rules
