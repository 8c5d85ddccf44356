#include "rules/repeated_value.h"

#include "http/characters.h"
#include "http/field_rules.h"
#include "http/header_map.h"
#include "rules/query.h"

namespace sallyport::rules {

TextCondition one(const Glob& glob, bool wanted) { return {std::span<const Glob>(&glob, 1), wanted}; }

Search settle(Universe universe, RepeatedValue& value, Budget& budget) {
    value.texts.clear();
    std::vector<TextCondition> all = value.every;
    all.insert(all.end(), value.some.begin(), value.some.end());
    FoundText found = find_text(universe, all, budget);
    if (found.outcome == Search::found) value.texts.push_back(std::move(found.text));
    if (found.outcome != Search::none) return found.outcome;
    for (const TextCondition& condition : value.some) {
        all = value.every;
        all.push_back(condition);
        found = find_text(universe, all, budget);
        if (found.outcome != Search::found) return found.outcome;
        value.texts.push_back(std::move(found.text));
    }
    return value.texts.empty() ? Search::none : Search::found;
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
        if (http::has_class(c, http::character_class::kUnreserved)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

bool is_taken_for(std::string_view key, const std::string& name) {
    static const Glob kAny = *Glob::compile("*", GlobKind::text);
    std::string query;
    append_encoded(query, key);
    return matches_query({name, kAny}, query, Purpose::deny);
}

bool is_never_there(const std::string& field_name) {
    const bool is_misspelt = field_name.find('_') != field_name.npos && http::is_protected(field_name);
    return is_misspelt || http::is_hop_by_hop(field_name) || http::equals_ignoring_case(field_name, "Content-Length");
}

}  // namespace sallyport::rules
