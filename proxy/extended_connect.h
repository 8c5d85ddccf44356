// WebSocket over HTTP/2 (RFC 8441) in the terms of HTTP/1.1, so that a stream knows one form of it: an extended CONNECT becomes
// an upgrade request and back, and 200 becomes 101 and back. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sallyport::proxy {

// Of a request with `protocol`. upgrade_refused for another protocol than websocket. `key` is what Sec-WebSocket-Key says
// then: HTTP/2 has none, and its client never sees the answer to it.
Result<void> to_upgrade_request(http::RequestHead& head, std::string_view key);
// The other way round, for an origin over HTTP/2.
void to_extended_connect(http::RequestHead& head);

// A 101 for a client over HTTP/2; other heads stay as they are.
void to_connect_response(http::ResponseHead& head);
// A 200 from an origin over HTTP/2, as the answer to an upgrade request with `key`; others stay as they are.
void to_upgrade_response(http::ResponseHead& head, std::string_view key);

}  // namespace sallyport::proxy
