#include "http/field_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "http/header_map.h"

namespace sallyport::http {
namespace {

constexpr std::string_view kHopByHop[] = {"connection", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"};

constexpr std::string_view kProtected[] = {
    "accept", "accept-encoding", "authorization", "cache-control", "connection", "cookie", "expect", "forwarded",
    "from", "host", "keep-alive", "max-forwards", "origin", "private-token", "range", "referer", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "via", "x-access-token", "x-api-key", "x-auth-key", "x-auth-token",
    "x-csrf-token", "x-goog-api-key", "x-http-method", "x-http-method-override", "x-method-override", "x-original-url",
    "x-real-ip", "x-rewrite-url",
};
constexpr std::string_view kProtectedPrefixes[] = {"content-", "if-", "proxy-", "sec-", "x-amz-", "x-forwarded-"};

constexpr std::string_view kNoTrailer[] = {
    "age", "allow", "alt-svc", "api-key", "authentication-info", "clear-site-data", "date", "expires", "link",
    "location", "pragma", "refresh", "retry-after", "server", "set-cookie", "set-cookie2",
    "strict-transport-security", "vary", "warning", "www-authenticate",
};
constexpr std::string_view kNoTrailerPrefixes[] = {"access-control-", "x-sallyport-"};

constexpr std::size_t kNameBytesMax = 32;

// The start of a name in lower case, '_' as '-'. One that was cut is none of ours: all are shorter.
struct Folded {
    explicit Folded(std::string_view name) : size(std::min(name.size(), kNameBytesMax)) {
        for (std::size_t i = 0; i < size; ++i) {
            const char c = name[i] == '_' ? '-' : name[i];
            bytes[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        }
    }
    bool is_one_of(std::span<const std::string_view> names) const {
        return std::find(names.begin(), names.end(), view()) != names.end();
    }
    bool starts_with_one_of(std::span<const std::string_view> prefixes) const {
        return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return view().starts_with(prefix); });
    }
    std::string_view view() const { return {bytes.data(), size}; }

    std::array<char, kNameBytesMax> bytes;
    std::size_t size;
};

}  // namespace

bool is_hop_by_hop(std::string_view name) {
    for (const std::string_view each : kHopByHop) {
        if (equals_ignoring_case(name, each)) return true;
    }
    return equals_ignoring_case(name.substr(0, 6), "proxy-");
}

bool is_protected(std::string_view name) {
    const Folded folded(name);
    return folded.is_one_of(kProtected) || folded.starts_with_one_of(kProtectedPrefixes);
}

bool may_be_trailer(std::string_view name) {
    const Folded folded(name);
    return !is_protected(name) && !folded.is_one_of(kNoTrailer) && !folded.starts_with_one_of(kNoTrailerPrefixes);
}

}  // namespace sallyport::http
