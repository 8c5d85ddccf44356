#include "proxy/connection_target.h"

namespace sallyport::proxy {

Result<void> apply_server_name(const net::ClientHello& hello, ConnectionTarget& target) {
    std::string asked;
    if (const auto literal = http::canonical_ip_literal(hello.server_name)) {
        // Not allowed in SNI (RFC 6066 section 3), but sent: fine where it says what the address says.
        if (*literal != target.address_literal) return failure(ErrorCode::misdirected, "SNI is another address");
    } else if (!hello.server_name.empty()) {
        auto canonical = http::canonical_host(hello.server_name);
        if (!canonical) return failure(ErrorCode::tls_client_hello, "the server name is not a name");
        asked = std::move(*canonical);
    }
    if (!target.host.empty()) {
        if (asked.empty() || asked == target.host) return {};
        return failure(ErrorCode::misdirected, "SNI is not the name that the address stands for: " + asked);
    }
    target.is_address = asked.empty();
    target.host = asked.empty() ? target.address_literal : asked;
    return {};
}

Result<void> check_passthrough(const net::ClientHello& hello, const ConnectionTarget& target) {
    if (hello.has_ech) return failure(ErrorCode::not_intercepted, "the server name may be encrypted (ECH)");
    if (hello.server_name.empty() && !target.is_address) return failure(ErrorCode::misdirected, "no server name (SNI)");
    return {};
}

}  // namespace sallyport::proxy
