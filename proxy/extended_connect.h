// WebSocket over HTTP/2 (RFC 8441) in the terms of HTTP/1.1, so that a stream knows one form of it: an extended CONNECT becomes
// an upgrade request, and the 101 that answers it becomes a 200. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sallyport::proxy {

// Of a request with `protocol`. upgrade_refused for another protocol than websocket. `key` is what Sec-WebSocket-Key says
// then: HTTP/2 has none, and its client never sees the answer to it.
Result<void> to_upgrade_request(http::RequestHead& head, std::string_view key);
// A 101 for a client over HTTP/2; other heads stay as they are.
void to_connect_response(http::ResponseHead& head);
}  // namespace sallyport::proxy
