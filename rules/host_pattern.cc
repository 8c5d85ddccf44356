#include "rules/host_pattern.h"

#include <algorithm>

#include "http/authority.h"
#include "rules/diagnostics.h"

namespace sallyport::rules {
namespace {

std::string why_not_a_name(std::string_view text) {
    const std::string named = quote(text);
    if (text.find('*') != text.npos) {
        return named + " is not a host pattern: \"*\" and \"**\" stand for whole leading labels of a name";
    }
    if (text.find_first_of("/:@") != text.npos) {
        return named + " is not a host name: scheme, port, path and network have keys of their own";
    }
    return named + " is not a host name";
}

}  // namespace

Result<HostPattern> parse_host_pattern(std::string_view text) {
    HostPattern pattern;
    if (text == "*" || text == "**") return HostPattern{"", 1, true};
    std::string_view name = text;
    while (name.starts_with("*.") || name.starts_with("**.")) {
        pattern.is_open |= name.starts_with("**");
        ++pattern.wildcards;
        name.remove_prefix(name.find('.') + 1);
    }
    auto canonical = http::canonical_host(name);
    if (!canonical) return failure(ErrorCode::config_invalid, why_not_a_name(text));
    pattern.suffix = std::move(*canonical);
    return pattern;
}

std::string to_string(const HostPattern& pattern) {
    if (pattern.is_any()) return "**";
    std::string text = pattern.is_open ? "**." : "";
    const std::size_t singles = pattern.wildcards - (pattern.is_open ? 1 : 0);
    for (std::size_t i = 0; i < singles; ++i) text += "*.";
    return text + pattern.suffix;
}

bool matches(const HostPattern& pattern, std::string_view host) {
    if (!host.ends_with(pattern.suffix)) return false;
    host.remove_suffix(pattern.suffix.size());
    if (!pattern.is_any() && !host.empty() && !host.ends_with('.')) return false;
    if (host.ends_with('.')) host.remove_suffix(1);
    const std::size_t labels = count_labels(host);
    return pattern.is_open ? labels >= pattern.wildcards : labels == pattern.wildcards;
}

std::size_t count_labels(std::string_view name) {
    if (name.empty()) return 0;
    return static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
}

}  // namespace sallyport::rules
