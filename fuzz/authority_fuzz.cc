// A host or an authority of any bytes: what has a canonical form is its own canonical form, in every place that asks.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/authority.h"
#include "rules/host_index.h"
#include "rules/network.h"

namespace {

using namespace sallyport;

void check_name(std::string_view text, std::string_view canonical) {
    SALLYPORT_CHECK(!canonical.empty() && !canonical.starts_with('.') && !canonical.ends_with('.'));
    for (const char c : canonical) {
        SALLYPORT_CHECK((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
    }
    const auto again = http::canonical_host(canonical);
    SALLYPORT_CHECK(again && *again == canonical);
    SALLYPORT_CHECK(!http::canonical_ip_literal(canonical) && !rules::parse_ip(canonical));
    // A rule that names it as it came matches it, and its wildcards do not.
    const auto pattern = rules::parse_host_pattern(text);
    SALLYPORT_CHECK(pattern && !pattern->has_wildcard() && pattern->suffix == canonical);
    rules::HostIndex index;
    index.add(*pattern, 0);
    index.add({pattern->suffix, 1, false}, 1);
    index.add({pattern->suffix, 1, true}, 2);
    int matches = 0;
    index.find(canonical, [&](std::uint32_t rule) { matches += rule == 0 ? 1 : 100; });
    SALLYPORT_CHECK(matches == 1);
}

void check_literal(std::string_view canonical) {
    const auto again = http::canonical_ip_literal(canonical);
    SALLYPORT_CHECK(again && *again == canonical);
    SALLYPORT_CHECK(rules::parse_ip(canonical).has_value());
    SALLYPORT_CHECK(!http::canonical_host(canonical));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto host = http::canonical_host(text)) check_name(text, *host);
    if (const auto literal = http::canonical_ip_literal(text)) check_literal(*literal);
    for (const auto scheme : {http::Scheme::http, http::Scheme::https}) {
        const auto authority = http::parse_authority(text, scheme);
        if (!authority) continue;
        SALLYPORT_CHECK(authority->port != 0);
        const auto again = http::parse_authority(http::to_string(*authority, scheme), scheme);
        SALLYPORT_CHECK(again && *again == *authority);
    }
    if (const auto pattern = rules::parse_host_pattern(text)) {
        const auto again = rules::parse_host_pattern(rules::to_string(*pattern));
        SALLYPORT_CHECK(again && *again == *pattern);
    }
    return 0;
}
