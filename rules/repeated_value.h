// What a request says under one query key or field name, once or several times: an allow wants every occurrence to
// match, a deny is met by one. Part of rules/request_search.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/language.h"

namespace sallyport::rules {

struct RepeatedValue {
    std::string name;
    std::vector<TextCondition> every;  // occurrence meets these
    std::vector<TextCondition> some;   // for each of these, some occurrence meets it
    bool is_fixed = false;             // the rest of the request says what it is
    std::vector<std::string> texts;    // the occurrences
};

// That one pattern matches, or does not. The glob outlives it.
TextCondition one(const Glob& glob, bool wanted);

// Fills in the texts: one where one is enough, else one for each condition.
Search settle(Universe universe, RepeatedValue& value, Budget& budget);

// Everything but unreserved characters percent-encoded: all origins read it as the same.
void append_encoded(std::string& out, std::string_view text);

// Whether origins may take the query key `key` for `name`.
bool is_taken_for(std::string_view key, const std::string& name);

// Fields that are gone, or were refused, before rules look.
bool is_never_there(const std::string& field_name);

}  // namespace sallyport::rules
