// Entity tags as HTTP writes them (RFC 9110 section 8.8.3), and the preconditions made of them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "admin/api.h"
#include "base/result.h"
#include "http/header_map.h"

namespace sallyport::admin {

// "7" for 7: with the quotes. `tag` holds no quote and no control character.
std::string quoted_tag(std::string_view tag);

// Which tags compare equal to others: If-Match compares strongly, so that a weak tag matches nothing; If-None-Match weakly,
// so that W/"7" is "7".
enum class Comparison { strong, weak };

// A list of tags, or "*" alone; all fields of that name together. bad_request for anything else.
Result<EntityTags> parse_entity_tags(std::string_view list, Comparison comparison);

// If-Match and If-None-Match. Dates are not supported: nothing here has a Last-Modified.
Result<Precondition> parse_precondition(const http::HeaderMap& headers);

}  // namespace sallyport::admin
