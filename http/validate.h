// From a parsed request to one that can be judged: framing is unambiguous, there is one authority, and nothing of it is
// relayed that was not understood. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "http/authority.h"
#include "http/message.h"
#include "http/path.h"

namespace sallyport::http {

// What rules decide on.
struct CanonicalRequest {
    std::string method;
    Scheme scheme = Scheme::https;
    Authority authority;
    CanonicalTarget target;
};

// Reads Host and the target (origin-form, absolute-form, '*'), which must name one authority (RFC 9112 section 3.2): a
// missing, repeated or unequal Host is bad_authority. CONNECT is method_refused, TRACE too. Any Expect but 100-continue is
// expectation_failed. Field names must be tokens, values free of control characters (RFC 9110 section 5.5).
Result<CanonicalRequest> validate_request(const RequestHead& head, Scheme scheme);

// The origin's side: control characters, a status outside 100..999, 101 that nobody asked for.
Result<void> validate_response(const ResponseHead& head);

// Removes what belongs to one connection only (RFC 9110 section 7.6.1): Connection and all it names, Keep-Alive,
// Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade; and Content-Length, which the writer puts back from `body`.
// A Connection field that names Host, Content-Length, Transfer-Encoding, Authorization, Cookie or another end-to-end field
// that rules depend on is bad_request: it would take effect after the decision.
Result<void> remove_hop_by_hop(RequestHead& head);
// Keeps Content-Length where the body is `none` (HEAD, 304), removes Alt-Svc, so that clients stay on the guarded path.
void remove_hop_by_hop(ResponseHead& head);

// Drops every trailer that may not be one (framing, routing, authentication, content: RFC 9110 section 6.5.1).
void keep_allowed_trailers(HeaderMap& trailers);

}  // namespace sallyport::http
