#include "rules/auth_family.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "rules/percent.h"

namespace sallyport::rules {
namespace {

// Names are compared folded: lower case, and '-' for what origins write as '_'.
constexpr std::array<std::string_view, 18> kFields{
    "authorization",  "proxy-authorization",
    "cookie",         "cookie2",
    "x-api-key",      "api-key",
    "apikey",         "x-auth-token",
    "x-auth-key",     "x-auth-email",
    "x-goog-api-key", "x-access-token",
    "private-token",  "job-token",
    "deploy-token",   "x-http-method-override",
    "x-http-method",  "x-method-override",
};
// One bit for each length in the list: most fields of a request are told apart by it.
constexpr std::uint64_t kFieldSizes = [] {
    std::uint64_t sizes = 0;
    for (const auto field : kFields) sizes |= std::uint64_t{1} << field.size();
    return sizes;
}();
constexpr std::array<std::string_view, 11> kKeys{
    "access-token",  "api-key",   "apikey",      "auth-token",   "x-api-key",        "private-token",
    "job-token",     "oauth-token", "bearer-token", "subscription-key", "googleaccessid",
};
// Vendors' own: X-Vault-Token, X-Shopify-Access-Token, X-Figma-Token, ...
constexpr std::array<std::string_view, 8> kFieldEndings{"-token",            "-api-key",        "-access-key",
                                                      "-auth-key",         "-authorization",  "-subscription-key",
                                                      "-functions-key",    "-access-client-secret"};
constexpr std::string_view kAmazonPrefix = "x-amz-";
constexpr std::string_view kGooglePrefix = "x-goog-";  // of signed URLs
constexpr std::size_t kFoldedMax = 64;  // more than the longest name above

char fold(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c + ('a' - 'A'));
    // PHP makes '_' of '.', ' ' and '+' in a key.
    return c == '_' || c == '.' || c == ' ' || c == '+' ? '-' : c;
}

bool same_field(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return fold(x) == fold(y); });
}

// A query key as origins read it: decoded, folded, without what makes a list of it.
class FoldedKey final {
public:
    explicit FoldedKey(std::string_view raw) {
        PercentReader read(raw);
        for (int c = read(); c > 0 && c != '[' && size_ < kFoldedMax; c = read()) {
            const bool is_leading_space = size_ == 0 && (c == ' ' || c == '+');
            if (!is_leading_space) folded_[size_++] = fold(static_cast<char>(c));
        }
    }
    std::string_view text() const { return {folded_, size_}; }

private:
    char folded_[kFoldedMax];
    std::size_t size_ = 0;
};

bool same_key(std::string_view a, std::string_view b) { return FoldedKey(a).text() == FoldedKey(b).text(); }

template <class Same>
bool is_any(const std::vector<std::string>& names, std::string_view name, Same same) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& other) { return same(other, name); });
}

template <class Unwanted>
void remove_fields(http::HeaderMap& headers, Unwanted is_unwanted) {
    for (std::size_t i = 0; i < headers.size();) {
        if (is_unwanted(headers.at(i).name)) {
            // A copy, because the map's own bytes may move while it removes.
            headers.remove(std::string(headers.at(i).name));
        } else {
            ++i;
        }
    }
}

template <class Unwanted>
void remove_query_keys(std::string& target, Unwanted is_unwanted) {
    const auto start = target.find('?');
    if (start == target.npos) return;
    std::string kept;
    bool is_changed = false;
    for (std::size_t at = start + 1; at <= target.size();) {
        const auto end = std::min(target.find_first_of("&;", at), target.size());
        const auto pair = std::string_view(target).substr(at, end - at);
        if (is_unwanted(pair.substr(0, pair.find('=')))) {
            is_changed = true;
        } else {
            kept += kept.empty() ? '?' : target[at - 1];
            kept += pair;
        }
        at = end + 1;
    }
    if (!is_changed) return;
    target.resize(start);
    target += kept;
}

}  // namespace

bool is_auth_field(std::string_view name) {
    const auto same = [&](std::string_view other) { return same_field(name, other); };
    if (same_field(name.substr(0, kAmazonPrefix.size()), kAmazonPrefix)) return true;
    const auto ends = [&](std::string_view ending) {
        return name.size() > ending.size() && same_field(name.substr(name.size() - ending.size()), ending);
    };
    if (std::any_of(kFieldEndings.begin(), kFieldEndings.end(), ends)) return true;
    const bool may_be_one = name.size() < 64 && (kFieldSizes >> name.size() & 1) != 0;
    return may_be_one && std::any_of(kFields.begin(), kFields.end(), same);
}

bool is_auth_key(std::string_view raw) {
    const FoldedKey key(raw);
    return key.text().starts_with(kAmazonPrefix) || key.text().starts_with(kGooglePrefix) || std::find(kKeys.begin(), kKeys.end(), key.text()) != kKeys.end();
}

void remove_auth_fields(http::HeaderMap& headers, const AuthChoice& choice, const Spare& is_spared) {
    remove_fields(headers, [&](std::string_view name) {
        if (is_any(choice.strip.fields, name, same_field)) return true;
        return is_auth_field(name) && !is_any(choice.keep.fields, name, same_field) && !is_spared(name);
    });
}

void remove_auth_query(std::string& target, const AuthChoice& choice, const Spare& is_spared) {
    remove_query_keys(target, [&](std::string_view key) {
        if (is_any(choice.strip.query_keys, key, same_key)) return true;
        return is_auth_key(key) && !is_any(choice.keep.query_keys, key, same_key) && !is_spared(key);
    });
}

void remove_fields_like(http::HeaderMap& headers, std::string_view name) {
    remove_fields(headers, [&](std::string_view other) { return same_field(name, other); });
}

void remove_query_keys_like(std::string& target, std::string_view key) {
    remove_query_keys(target, [&](std::string_view other) { return same_key(key, other); });
}

std::string without_cookie(std::string_view cookies, std::string_view name) {
    std::string kept;
    while (!cookies.empty()) {
        const auto end = std::min(cookies.find(';'), cookies.size());
        std::string_view pair = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        while (pair.starts_with(' ') || pair.starts_with('\t')) pair.remove_prefix(1);
        std::string_view own = pair.substr(0, pair.find('='));
        while (own.ends_with(' ') || own.ends_with('\t')) own.remove_suffix(1);
        if (pair.empty() || own == name) continue;
        kept.append(kept.empty() ? "" : "; ").append(pair);
    }
    return kept;
}

}  // namespace sallyport::rules
