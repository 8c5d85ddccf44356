// Takes secrets out of what of a response arrives whole: the reason phrase and the fields of a head, or of trailers.
#pragma once

#include "http/message.h"
#include "proxy/scrub_chain.h"

namespace sallyport::proxy {

// A field whose name holds one is left out: what stands for a secret need not be fit for a name.
void scrub_fields(ScrubChain& scrub, http::HeaderMap& fields);
void scrub_head(ScrubChain& scrub, http::ResponseHead& head);

}  // namespace sallyport::proxy
