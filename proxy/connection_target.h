// What a connection was opened for, before any request: the name that its address, or its SNI, stands for. A value.
#pragma once

#include <string>

#include "base/result.h"
#include "http/authority.h"
#include "net/client_hello.h"

namespace sallyport::proxy {

struct ConnectionTarget {
    http::Scheme scheme = http::Scheme::http;
    std::string host;            // canonical; empty where only the request's Host can tell (cleartext to a real address)
    bool is_address = false;
    std::string address_literal; // the original destination, canonical, where it is a real address
    std::uint16_t port = 0;
    bool is_proxied = false;     // the client came to the explicit proxy

    http::Authority authority() const { return {host, port, is_address}; }
};

// Completes a target that says what the address says (Egress::name_target) by the server name of a ClientHello: one name, or
// misdirected; tls_client_hello where it is no name.
Result<void> apply_server_name(const net::ClientHello& hello, ConnectionTarget& target);

// Whether TLS may go through with this greeting unread: the server name has been sent, and is what the origin will go by.
// No name, or one that is encrypted behind an outer one (ECH), could mean any host behind the same address.
Result<void> check_passthrough(const net::ClientHello& hello, const ConnectionTarget& target);

}  // namespace sallyport::proxy
