// A request whose target is a whole URL, as clients send it to a proxy: what a handler's fetch and the explicit proxy have in
// common. Pure.
#pragma once

#include "http/message.h"
#include "proxy/connection_target.h"

namespace sallyport::proxy {

// What the target names counts, whatever Host says (RFC 9112 section 3.2.2): Host is set to it, so that both say the same from
// here on. bad_path where the target is not absolute or neither http nor https, bad_authority where it names no host.
Result<ConnectionTarget> take_absolute_target(http::RequestHead& head);

}  // namespace sallyport::proxy
