// What a client of the explicit proxy wants, once it is known whose it is: handed from the door to the sandbox's worker with
// its connection. A value; and the first words that the client is told.
#pragma once

#include <memory>
#include <string>

#include "http/authority.h"
#include "net/loop.h"
#include "proxy/local_reply.h"
#include "proxy/proxy_credential.h"

namespace sallyport::proxy {

struct ProxyOpening {
    enum class Form {
        requests,  // HTTP/1 with absolute targets, one authority for each request
        connect,   // HTTP's CONNECT
        socks5,
    };

    Form form = Form::requests;
    std::shared_ptr<const ProxyCredential> credential;  // by which the client was let in
    http::Authority authority;     // of a tunnel
    // What has been read and is not the door's: of requests everything from the first head on, with its password.
    rules::WipedBuffer first_bytes;
    net::Clock::time_point started;  // when the first byte came
    bool http_1_0 = false;
};

// That there is a tunnel now: the next byte is the other side's.
std::string tunnel_accepted(ProxyOpening::Form form);
// That there is none, and why (of CONNECT); the connection ends.
std::string tunnel_refused(const ProxyOpening& opening, LocalReply reply);

}  // namespace sallyport::proxy
