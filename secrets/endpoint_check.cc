#include "secrets/endpoint_check.h"

#include <algorithm>

namespace sallyport::secrets {
namespace {

// No escapes, so that all readers of the URL see the same host.
bool is_url_char(char c) {
    constexpr std::string_view kOthers = "-._~:/[]!$&'()*+,;=%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos;
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_digit_or_dot(char c) { return (c >= '0' && c <= '9') || c == '.'; }

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Authority {
    std::string_view host;  // empty: not a host and perhaps a port
};

Authority split(std::string_view text) {
    const bool is_bracketed = text.starts_with('[');
    const auto end = is_bracketed ? text.find(']') : text.find(':');
    if (is_bracketed && end == text.npos) return {};
    const auto host = is_bracketed ? text.substr(0, end + 1) : text.substr(0, end);
    const auto rest = text.substr(host.size());
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
    if (!is_bracketed && !std::all_of(host.begin(), host.end(), is_host_char)) return {};
    return {host};
}

bool is_this_host(std::string_view host) {
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && std::all_of(host.begin(), host.end(), is_digit_or_dot));
}

}  // namespace

std::string url_fault(std::string_view url, Cleartext cleartext) {
    const bool is_secure = url.starts_with("https://");
    if (!is_secure && !url.starts_with("http://")) return "not a URL that begins with https://";
    if (!std::all_of(url.begin(), url.end(), is_url_char)) return "a URL here has a host, perhaps a port and a path, nothing else";
    const auto rest = url.substr(url.find("://") + 3);
    const auto host = split(rest.substr(0, rest.find('/'))).host;
    if (host.empty()) return "not a URL with a host";
    if (is_secure || (cleartext == Cleartext::this_host_only && is_this_host(host))) return {};
    if (is_this_host(host)) return "http to this host needs \"allow_cleartext: true\"";
    return "a secret is not sent over http; only https will do";
}

}  // namespace sallyport::secrets
