// The sections of a deployment's file, from the parsed document to what the program runs on.
#pragma once

#include "rules/document.h"
#include "rules/policy_file.h"

namespace sallyport::rules {

// Reports every fault; `file` is whole where there is none.
void read_file(const Node& root, PolicyFile& file, Reporter& reporter);

}  // namespace sallyport::rules
