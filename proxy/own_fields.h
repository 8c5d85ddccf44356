// The fields that are ours alone, X-Sallyport-*: neither a sandbox nor an origin may speak with them. "X_Sallyport_Call" is
// one too: gateways hand both spellings to programs as one. Pure.
#pragma once

#include <string_view>

#include "http/header_map.h"

namespace sallyport::proxy {

bool is_own_field(std::string_view name);
void remove_own_fields(http::HeaderMap& headers);

}  // namespace sallyport::proxy
