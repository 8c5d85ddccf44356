#include "proxy/absolute_target.h"

#include "http/authority.h"

namespace sallyport::proxy {

Result<ConnectionTarget> take_absolute_target(http::RequestHead& head) {
    const std::string_view target = head.target;
    const std::size_t colon = target.find("://");
    if (colon == target.npos) return failure(ErrorCode::bad_path, "the target is not absolute");
    const bool is_https = http::equals_ignoring_case(target.substr(0, colon), "https");
    if (!is_https && !http::equals_ignoring_case(target.substr(0, colon), "http")) {
        return failure(ErrorCode::bad_path, "neither http nor https");
    }
    const http::Scheme scheme = is_https ? http::Scheme::https : http::Scheme::http;
    const std::string_view rest = target.substr(colon + 3);
    auto authority = http::parse_authority(rest.substr(0, rest.find_first_of("/?#")), scheme);
    if (!authority) return failure(authority.error());
    ConnectionTarget named;
    named.scheme = scheme;
    named.host = std::move(authority->host);
    named.is_address = authority->is_address;
    named.port = authority->port;
    head.headers.set("Host", http::to_string(named.authority(), scheme));
    return named;
}

}  // namespace sallyport::proxy
