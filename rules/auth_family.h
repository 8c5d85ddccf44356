// What a sandbox may not say for itself where the proxy says it: the fields and query keys that carry authentication or
// change the method. An own key beside the injected one would put the origin's answer into somebody else's account.
#pragma once

#include <string>
#include <string_view>

#include "http/header_map.h"

namespace sallyport::rules {

// Whether a field, or a query key as received (percent-encoded or not), is of the family.
bool is_auth_field(std::string_view name);
bool is_auth_key(std::string_view raw);

// Fields of the family, and `own_name`. "X_Api_Key" is one too: gateways hand both spellings to programs as one.
void remove_auth_fields(http::HeaderMap& headers, std::string_view own_name);

// Keys of the family, percent-encoded or not, between '&' or ';'. What is left is not changed.
void remove_auth_query(std::string& target);

}  // namespace sallyport::rules
