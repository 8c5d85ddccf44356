// What HTTP allows as the name of a field or a method (RFC 9110 section 5.6.2).
#pragma once

#include <algorithm>
#include <string_view>

namespace sallyport::rules {

inline bool is_token_char(char c) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

inline bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

}  // namespace sallyport::rules
