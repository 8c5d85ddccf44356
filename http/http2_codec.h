// HTTP/2 bytes to messages and messages to HTTP/2 bytes (RFC 9113, RFC 7541, RFC 8441), over nghttp2. No sockets, no clocks;
// one codec is owned by one connection. Requests and responses are the same values as in HTTP/1: `:authority` is the field
// Host (first in the head), `:path` the target, an extended CONNECT has `protocol` and `upgrade` set, a plain CONNECT has
// `upgrade`. PUSH_PROMISE is refused, PRIORITY has no effect: streams that have something to send take turns.
//
// A sink that says pause gets nothing more of that stream until resume(); what still comes in for it is kept, and is bounded
// by the stream's flow-control window, which stays shut meanwhile. Other streams go on.
//
// Who calls whom: feed() and produce() call the user and the sinks; so does resume(), but its sink only. on_stream_closed()
// is called from feed(), produce() and finish() only, at their end, never from a writer, resume() or reset(): a stream may
// be reset from within its own sink. None of the three may be called from within a call to the user or a sink.
//
// After reset() the sink hears nothing more, and the writer takes what is written and forgets it, until on_stream_closed().
#pragma once

#include "http/http2_client_codec.h"
#include "http/http2_server_codec.h"
