// What a sandbox may not say for itself where the proxy says it: the fields and query keys that carry authentication or
// change the method. An own key beside the injected one would put the origin's answer into somebody else's account.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/header_map.h"

namespace sallyport::rules {

// Whether a field, or a query key as received (percent-encoded or not), is of the family.
bool is_auth_field(std::string_view name);
bool is_auth_key(std::string_view raw);

// Names of fields and query keys; compared as the family's are.
struct AuthPlaces {
    std::vector<std::string> fields;
    std::vector<std::string> query_keys;
};

// What a credential's configuration changes: `keep` is left to the sandbox, `strip` is removed too.
struct AuthChoice {
    AuthPlaces keep;
    AuthPlaces strip;
};

// Asked of each name, as the sandbox wrote it.
using Spare = std::function<bool(std::string_view name)>;

// Fields of the family but those that `choice` keeps and those that are spared, and those that it strips. "X_Api_Key" is one
// too: gateways hand both spellings to programs as one.
void remove_auth_fields(http::HeaderMap& headers, const AuthChoice& choice, const Spare& is_spared);
// The same for query keys, percent-encoded or not, between '&' or ';'. What is left is not changed.
void remove_auth_query(std::string& target, const AuthChoice& choice, const Spare& is_spared);

// All spellings of one name.
void remove_fields_like(http::HeaderMap& headers, std::string_view name);
void remove_query_keys_like(std::string& target, std::string_view key);

// A Cookie field's value without the cookies of this name.
std::string without_cookie(std::string_view cookies, std::string_view name);

}  // namespace sallyport::rules
