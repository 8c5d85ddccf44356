#include "http/content_coding.h"

#include <algorithm>
#include <array>

#include "http/characters.h"

namespace sallyport::http {
namespace {

struct NamedCoding {
    std::string_view name;
    ContentCoding coding;
};

// RFC 9110 section 8.4.1.3 has "x-gzip" for the same.
constexpr NamedCoding kCodings[] = {{"gzip", ContentCoding::gzip},
                                    {"deflate", ContentCoding::deflate},
                                    {"br", ContentCoding::br},
                                    {"zstd", ContentCoding::zstd},
                                    {"x-gzip", ContentCoding::gzip}};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Takes up to the next separator from the front.
std::string_view take(std::string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto part = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

std::optional<ContentCoding> coding_of(std::string_view name) {
    for (const auto& known : kCodings) {
        if (known.name == name) return known.coding;
    }
    return std::nullopt;
}

// RFC 9110 section 12.4.2: 0 to 1 with at most three digits behind the point.
bool is_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return false;
    if (text.size() > 1 && text[1] != '.') return false;
    const auto digits = text.substr(std::min<std::size_t>(2, text.size()));
    return std::all_of(digits.begin(), digits.end(), [&](char c) { return text[0] == '0' ? is_digit(c) : c == '0'; });
}

bool is_zero(std::string_view weight) { return weight.find_first_not_of("0.") == weight.npos && !weight.empty(); }

struct Preference {
    std::string name;
    std::string weight;  // as it was written; empty for none
};

std::optional<Preference> parse_preference(std::string_view element) {
    Preference preference{lower(take(element, ';')), {}};
    if (!is_token(preference.name)) return std::nullopt;
    if (element.empty()) return preference;
    const auto parameter = lower(trim(element));
    if (!parameter.starts_with("q=") || !is_weight(std::string_view(parameter).substr(2))) return std::nullopt;
    preference.weight = parameter.substr(2);
    return preference;
}

std::vector<Preference> parse_preferences(std::string_view value) {
    std::vector<Preference> all;
    while (!value.empty()) {
        if (auto preference = parse_preference(take(value, ','))) all.push_back(std::move(*preference));
    }
    return all;
}

bool has_name(const std::vector<Preference>& preferences, std::string_view name) {
    return std::any_of(preferences.begin(), preferences.end(), [&](const auto& each) { return each.name == name; });
}

void append(std::string& list, std::string_view name, std::string_view weight) {
    if (!list.empty()) list += ", ";
    list += name;
    if (!weight.empty()) list.append(";q=").append(weight);
}

}  // namespace

std::string_view to_string(ContentCoding coding) {
    switch (coding) {
        case ContentCoding::gzip: return "gzip";
        case ContentCoding::deflate: return "deflate";
        case ContentCoding::br: return "br";
        case ContentCoding::zstd: return "zstd";
    }
    return {};
}

Result<std::vector<ContentCoding>> parse_content_encoding(std::string_view value) {
    std::vector<ContentCoding> codings;
    while (!value.empty()) {
        const auto name = lower(take(value, ','));
        if (name.empty() || name == "identity") continue;
        const auto coding = coding_of(name);
        if (!coding) return failure(ErrorCode::origin_bad_response, "a content coding that cannot be read");
        if (codings.size() == kCodingsMax) return failure(ErrorCode::origin_bad_response, "too many content codings");
        codings.push_back(*coding);
    }
    return codings;
}

std::string narrow_accept_encoding(std::optional<std::string_view> value) {
    const auto preferences = parse_preferences(value.value_or(""));
    std::string list;
    bool is_any = false;
    for (const auto& [name, weight] : preferences) {
        if (name == "*" && !is_zero(weight)) {
            for (const auto& known : kCodings) {
                if (known.name == "x-gzip" || has_name(preferences, known.name)) continue;
                append(list, known.name, weight);
                is_any = true;
            }
        } else if (name == "identity" || coding_of(name)) {
            append(list, name, weight);
            is_any |= !is_zero(weight);
        }
    }
    return is_any ? list : "identity";
}

}  // namespace sallyport::http
