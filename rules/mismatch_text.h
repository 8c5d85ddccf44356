// Why a rule does not match a request, in words. The very checks that decide are asked; the request's own values of
// queries and headers, which may be secret, are not repeated.
#pragma once

#include <string>
#include <string_view>

#include "rules/compiled_policy.h"
#include "rules/question.h"

namespace sallyport::rules {

// One sentence about a rule that is about this host, or is not: "the method is POST, and the rule has GET, HEAD".
// Where the rule does match, says so.
std::string why(const Rule& rule, const AskedRequest& asked);

// The same for a connection whose bytes nobody looks at.
std::string why_not_raw(const Rule& rule, Traffic traffic, const http::Authority& authority);

// A rule's name for people: quoted where it holds more than printable characters.
std::string shown(std::string_view name);

}  // namespace sallyport::rules
