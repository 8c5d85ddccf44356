// A request's query as origins may read it: pairs between '&', percent-decoded, '+' as itself or as a space. Where
// origins would disagree, an allow does not match and a deny does. Allocates nothing.
#pragma once

#include <string>
#include <string_view>

#include "rules/glob.h"

namespace sallyport::rules {

struct QueryCondition {
    std::string name;
    Glob value;
};

enum class Purpose { allow, deny };

// allow: the name is there as written, and every value of it, and of any name that some origins take for it ("Name",
// "name[]"), matches. deny: at least one of those does. A query that holds ';', NUL or a broken percent-encoding fails
// the one and meets the other.
bool matches_query(const QueryCondition& condition, std::string_view query, Purpose purpose);

}  // namespace sallyport::rules
