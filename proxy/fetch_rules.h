// What a handler may fetch in the name of its call. Pure.
//
// To the host of the call's own request (scheme and port included): whatever no deny rule matches. Where a rule allows it,
// its networks count, and, where a rule chose the handler, its credential; where none does, only public addresses are
// reached. To any other host: what the rules say, as for a request of the sandbox.
#pragma once

#include <string_view>

#include "http/message.h"
#include "http/validate.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

struct FetchDecision {
    rules::Decision decision;
    // A rule, and not the call alone, allows it: then it may name an address.
    bool is_ruled = true;
};

// `now` is what is decided by; `call_rule` names what chose the handler, and stays valid as long as the decision.
FetchDecision decide_fetch(const rules::PolicySnapshot& now, const http::CanonicalRequest& request,
                           const http::HeaderMap& headers, bool is_own_host, const rules::Decision& call);

// Whether a head that will go over cleartext holds a value that the handler was given: as it is, percent-encoded in the
// target, or inside of a Basic authorization. Bodies, and other ways to write a value, are not looked at.
bool holds_value(const http::RequestHead& head, const rules::PolicySnapshot::Environment& environment);

}  // namespace sallyport::proxy
