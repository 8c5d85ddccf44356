// Which requests of one sandbox may share a connection to an origin. A value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "http/message.h"

namespace sallyport::rules {
struct ClientCertificate;  // rules/client_certificate.h
}

namespace sallyport::proxy {

// Of a connection that has carried nothing yet: whichever credential comes first gets it.
inline constexpr int kAnyCredential = -2;

// Connections with equal keys are interchangeable; a pool belongs to one sandbox, which is why that is not part of it.
struct UpstreamKey {
    http::Scheme scheme = http::Scheme::https;
    std::string host;  // canonical
    bool is_address = false;
    std::uint16_t port = 0;
    // A literal that a rule names may be dialled; any other is checked as a resolved address is.
    bool is_literal_granted = true;
    // Where a rule has sent the request instead.
    bool is_rewritten = false;
    // The sandbox's handler host: host and port say nothing then.
    bool is_handler = false;
    // Over TLS: nothing but HTTP/1.1 is offered to the origin. Over cleartext: it is spoken to in HTTP/2.
    bool needs_http1 = false;
    bool h2c = false;
    int credential_index = -1;
    // What an origin is shown that asks for one, over TLS only. The snapshot's: what one certificate has opened is never
    // used or resumed under another.
    const rules::ClientCertificate* client_certificate = nullptr;
    // The rule's, by identity: what one rule was allowed to reach is not reached under another.
    const std::vector<std::string>* granted_networks = nullptr;
    Generation generation;

    // Also what TLS sessions are kept under.
    void append_to(std::string& text) const;
};

}  // namespace sallyport::proxy
