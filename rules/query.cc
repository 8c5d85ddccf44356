#include "rules/query.h"

#include <algorithm>

#include "rules/percent.h"

namespace sallyport::rules {
namespace {

enum class Likeness { other, like, same };

int to_lower(int c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

Likeness compare(std::string_view raw_name, std::string_view name, Plus plus) {
    PercentReader read(raw_name, plus);
    bool is_same = true;
    for (const char expected : name) {
        const int wanted = static_cast<unsigned char>(expected);
        const int c = read();
        if (to_lower(c) != to_lower(wanted)) return Likeness::other;
        is_same &= c == wanted;
    }
    const int after = read();
    // "name[]" and "name[0]" replace "name" in some languages.
    if (after == '[') return Likeness::like;
    if (after >= 0) return Likeness::other;
    return is_same ? Likeness::same : Likeness::like;
}

Likeness compare(std::string_view raw_name, std::string_view name) {
    return std::max(compare(raw_name, name, Plus::itself), compare(raw_name, name, Plus::space));
}

bool is_ambiguous(std::string_view query) {
    if (query.find(';') != query.npos) return true;
    for (auto at = query.find('%'); at != query.npos; at = query.find('%', at + 1)) {
        if (query.size() - at < 3) return true;
        const int high = PercentReader::digit(query[at + 1]);
        const int low = PercentReader::digit(query[at + 2]);
        if (high < 0 || low < 0 || high + low == 0) return true;
    }
    return false;
}

bool matches_value(const Glob& glob, std::string_view raw, Purpose purpose) {
    const bool as_itself = glob.matches_each(PercentReader(raw, Plus::itself));
    if (as_itself == (purpose == Purpose::deny)) return as_itself;
    return glob.matches_each(PercentReader(raw, Plus::space));
}

}  // namespace

bool matches_query(const QueryCondition& condition, std::string_view query, Purpose purpose) {
    if (is_ambiguous(query)) return purpose == Purpose::deny;
    bool is_present = false;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const Likeness likeness = compare(pair.substr(0, equals), condition.name);
        if (likeness == Likeness::other) continue;
        const bool matches = matches_value(condition.value, pair.substr(std::min(equals + 1, pair.size())), purpose);
        if (purpose == Purpose::deny && matches) return true;
        if (purpose == Purpose::allow && !matches) return false;
        is_present |= likeness == Likeness::same;
    }
    return purpose == Purpose::allow && is_present;
}

}  // namespace sallyport::rules
