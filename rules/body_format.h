// What a message's content is, as its fields say: so far as credentials go into it, or tokens come out of it.
#pragma once

#include "http/header_map.h"

namespace sallyport::rules {

enum class BodyFormat { other, json, form };

// By Content-Type; of several, which origins read differently, the first one that is JSON or a form.
BodyFormat body_format(const http::HeaderMap& headers);

// One Content-Type, in UTF-8, without a content coding: what its bytes say is what the origin reads.
bool is_plainly_coded(const http::HeaderMap& headers);

}  // namespace sallyport::rules
