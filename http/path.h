// The canonical form of a request's path: what rules decide on. Percent-encodings of unreserved characters are decoded,
// the others upper-cased, dot segments and empty segments removed (RFC 3986 section 6.2.2).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::http {

struct CanonicalTarget {
    std::string path;          // canonical, starts with '/', or "*" for OPTIONS *
    std::string raw_path;      // as received
    std::string query;         // as received, without '?'
    bool has_query = false;
    // The raw path could be read as another one by some origin: dot segments (plain, encoded, with ';'), encoded
    // slash, backslash, NUL or percent, empty segments, invalid UTF-8, a backslash. Rules with `paths` refuse these.
    bool ambiguous = false;
};

// Refuses (bad_path) what no origin-form target may hold: a fragment, control characters, space, bytes above 0x7e, a
// broken percent-encoding, no leading '/'. Idempotent: canonical(canonical(x).path).path == canonical(x).path.
Result<CanonicalTarget> canonical_target(std::string_view origin_form);

}  // namespace sallyport::http
