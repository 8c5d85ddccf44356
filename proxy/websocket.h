// The opening handshake of WebSocket over HTTP/1.1 (RFC 6455 section 4): what may be asked for, and which answer to it is
// one. What follows it is not looked at. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sallyport::proxy {

// Whether the head asks for WebSocket and nothing else.
bool asks_for_websocket(const http::RequestHead& head);

// The key. bad_request for a handshake that is not version 13 over HTTP/1.1: GET, no body, one key of 16 bytes.
Result<std::string> check_websocket_request(const http::RequestHead& head);

// Of a 101. origin_bad_upgrade unless it switches to websocket with the answer that belongs to `key`.
Result<void> check_websocket_response(const http::ResponseHead& head, std::string_view key);

// Sec-WebSocket-Accept for a key.
std::string websocket_accept(std::string_view key);

// A key of our own, where the client's version of HTTP has none.
std::string random_websocket_key();

// What hop-by-hop rules have taken away.
void add_upgrade_fields(http::HeaderMap& headers);

}  // namespace sallyport::proxy
