#include "admin/api.h"

#include <algorithm>

#include "base/json.h"

namespace sallyport::admin {
namespace {

// '*' is any run of characters. One place to go back to is enough: linear in the pattern for each character.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool Caller::may_see(std::string_view sandbox) const {
    return is_operator() ||
           std::ranges::any_of(sandboxes, [&](const std::string& pattern) { return matches(pattern, sandbox); });
}

Reply Reply::failed(int status, std::string_view code, std::string_view error, std::string_view details) {
    Reply reply;
    reply.status = status;
    JsonLine line(reply.body);
    line.field("error", error).field("code", code).raw("details", details.empty() ? "null" : details);
    line.close();
    return reply;
}

bool EntityTags::contains(std::string_view tag) const {
    return any || std::ranges::find(tags, tag) != tags.end();
}

bool Precondition::holds(std::optional<std::string_view> current) const {
    if (if_match && (!current || !if_match->contains(*current))) return false;
    return !if_none_match || !current || !if_none_match->contains(*current);
}

}  // namespace sallyport::admin
