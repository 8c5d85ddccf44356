// What every codec reports, whatever the version of HTTP. A sink is told of one message at a time, in wire order: head,
// any number of body pieces, end. Views and references are valid during the call only.
#pragma once

#include <string_view>

#include "http/message.h"

namespace sallyport::http {

// A sink that has had enough for now says pause: the codec returns from feed() right after that event, and goes on with
// the next call of feed().
enum class Next { go, pause };

class RequestSink {
public:
    virtual ~RequestSink() = default;
    // The sink may swap the head with one of its own, to keep it without copying.
    virtual Next on_request_head(RequestHead& head) = 0;
    virtual Next on_body(std::string_view bytes) = 0;
    // `trailers` is empty unless the message was chunked and had any.
    virtual Next on_message_end(HeaderMap& trailers) = 0;
};

class ResponseSink {
public:
    virtual ~ResponseSink() = default;
    // Called for each interim (1xx) response too; those have no body and no end.
    virtual Next on_response_head(ResponseHead& head) = 0;
    virtual Next on_body(std::string_view bytes) = 0;
    virtual Next on_message_end(HeaderMap& trailers) = 0;
};

// Where messages go to, one at a time: head, any number of body pieces, end. What is written waits in memory until the
// connection takes it; how much may wait is the caller's to watch. Nothing is looked into again: callers have validated and
// removed what belongs to one connection only; a Connection field that they have added is for HTTP/1, others leave it out.
class RequestWriter {
public:
    virtual ~RequestWriter() = default;
    // A head with `upgrade` set asks for WebSocket, whatever form the version has for that.
    virtual void write_head(const RequestHead& head) = 0;
    // Framed as the head's `body` says. After a switch of protocols: bytes as they are.
    virtual void write_body(std::string_view bytes) = 0;
    // Also after a head whose body is `none`. Trailers are left out where the version or the framing has no place for them.
    virtual void write_end(const HeaderMap& trailers) = 0;
};

class ResponseWriter {
public:
    virtual ~ResponseWriter() = default;
    // 1xx, but 101.
    virtual void write_interim(const ResponseHead& head) = 0;
    // 101 too: what follows is bytes, and no message of HTTP.
    virtual void write_head(const ResponseHead& head) = 0;
    virtual void write_body(std::string_view bytes) = 0;
    virtual void write_end(const HeaderMap& trailers) = 0;
};

}  // namespace sallyport::http
