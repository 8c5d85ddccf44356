// A policy's `blocked`: what a request gets that the policy denies.
#pragma once

#include "rules/actions.h"
#include "rules/document.h"

namespace sallyport::rules {

// Reports every fault.
void read_block_answer(const Node& node, BlockAnswer& answer, Reporter& reporter);

}  // namespace sallyport::rules
