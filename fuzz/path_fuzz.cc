// A request's target of any bytes: the canonical path is its own canonical path, holds nothing that an origin could
// take for another segment, and says so where the raw one did.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/path.h"
#include "rules/auth_family.h"
#include "rules/query.h"

namespace {

using namespace sallyport;

void check_path(const http::CanonicalTarget& target) {
    const std::string_view path = target.path;
    SALLYPORT_CHECK(path == "*" || path.starts_with('/'));
    for (const char c : path) SALLYPORT_CHECK(c > ' ' && c <= '~' && c != '?' && c != '#');
    const auto again = http::canonical_target(path);
    SALLYPORT_CHECK(again && again->path == path && !again->has_query);
    if (target.ambiguous) return;
    // What rules are asked about has one reading.
    SALLYPORT_CHECK(!again->ambiguous);
    for (const char* part : {"//", "/./", "/../", "%2F", "%2f", "%5C", "%00", "\\"}) {
        SALLYPORT_CHECK(path.find(part) == path.npos);
    }
}

void check_query(const http::CanonicalTarget& target) {
    const auto glob = rules::Glob::compile("a*", rules::GlobKind::text);
    const rules::QueryCondition condition{"a", *glob};
    // Whatever an allow accepts, a deny of the same condition meets.
    if (rules::matches_query(condition, target.query, rules::Purpose::allow)) {
        SALLYPORT_CHECK(rules::matches_query(condition, target.query, rules::Purpose::deny));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto target = http::canonical_target(text);
    if (!target) return 0;
    SALLYPORT_CHECK(text == target->raw_path + (target->has_query ? "?" + target->query : ""));
    check_path(*target);
    check_query(*target);
    std::string once(text);
    rules::remove_auth_query(once);
    std::string twice = once;
    rules::remove_auth_query(twice);
    SALLYPORT_CHECK(once == twice && once.size() <= text.size());
    return 0;
}
